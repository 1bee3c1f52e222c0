// What the page knows: the server's state, what is open, and what is under way.
export const page = {
  state: { clips: [], jobs: [], destinations: {}, limits: {} },
  open: null, looked: null, uploads: [], destination: null,
  changes: 0, // how often something was changed here
  unsaved: 0, // changes that the server does not have yet
  shown: {}, // the edits and strokes of the open clip, as JSON, that were taken from the server or sent to it
  update: async () => {}, // asks the server for its state, and shows it
  render: () => {}, // shows what is known
  show: () => {}, // opens a clip
  saved: async () => {}, // waits until the server has all changes
};

export const current = () => page.state.clips.find((clip) => clip.id === page.open);

// Keeps what the server answered of a part of a clip, such as its edits.
export function note(clip, ...parts) {
  for (const part of parts) {
    Object.assign(page.state.clips.find(({ id }) => id === clip.id) ?? {}, { [part]: clip[part] });
    if (clip.id === page.open) page.shown[part] = JSON.stringify(clip[part]);
  }
}

// Takes over the server's state; what is changed here meanwhile is newer than what it says of it.
export function takeOver(state, changes) {
  const isNewer = page.unsaved > 0 || changes !== page.changes;
  const old = new Map(isNewer ? page.state.clips.map((clip) => [clip.id, clip]) : []);
  for (const clip of state.clips) {
    const { edits, strokes, drawn } = old.get(clip.id) ?? clip;
    Object.assign(clip, { edits, strokes, drawn });
  }
  page.state = state;
}
