// What the page knows: the server's state, what is open, and what is under way.
export const page = {
  state: { clips: [], jobs: [], destinations: {}, limits: {} },
  open: null, looked: null, uploads: [], destination: null,
  update: async () => {}, // asks the server for its state, and shows it
  render: () => {}, // shows what is known
  show: () => {}, // opens a clip
};

export const current = () => page.state.clips.find((clip) => clip.id === page.open);
