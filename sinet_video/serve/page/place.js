// Where a painted stroke is at a time; the server places it in the same way when it makes mattes.
const ROUNDING = 1e-4;

function tracked(track, time) {
  let low = 0, high = track.places.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (track.places[middle][0] <= time + ROUNDING) low = middle; else high = middle - 1;
  }
  const [, x, y, scale, turn] = track.places[low];
  return { x, y, scale, turn };
}

const follows = (stroke) => (stroke.follows && stroke.track?.places.length ? stroke.track : null);
const there = (stroke, time) => (follows(stroke) ? tracked(stroke.track, time) : { x: 0, y: 0, scale: 1, turn: 0 });

// By how much it has to be moved at each time at which somebody said where it is.
function corrections(stroke) {
  const found = new Map([[stroke.at, [0, 0]]]);
  for (const [time, x, y] of stroke.moves) { const by = there(stroke, time); found.set(time, [x - by.x, y - by.y]); }
  return [...found].sort(([a], [b]) => a - b);
}

function correction(stroke, time) {
  const moves = corrections(stroke), after = moves.findIndex(([at]) => at > time);
  if (after === 0) return moves[0][1];
  if (after < 0) return moves.at(-1)[1];
  const [[begin, low], [end, high]] = [moves[after - 1], moves[after]], share = (time - begin) / (end - begin);
  return [0, 1].map((index) => low[index] + share * (high[index] - low[index]));
}

export const counts = (stroke, time) => stroke.start <= time + 1e-6 && (stroke.end === null || time < stroke.end - 1e-6)
  && (!follows(stroke) || (time >= stroke.track.places[0][0] - ROUNDING && (stroke.track.end === null || time < stroke.track.end - ROUNDING)));

export function placeOf(stroke, time) {
  const place = there(stroke, time), [x, y] = correction(stroke, time);
  return { ...place, x: place.x + x, y: place.y + y };
}

// Its points at a time, in shares of a frame whose width over height is given.
export function pointsAt(stroke, time, aspect) {
  const { x, y, scale, turn } = placeOf(stroke, time);
  const ends = (index) => stroke.points.map((point) => point[index]);
  const [left, right, top, bottom] = [Math.min(...ends(0)), Math.max(...ends(0)), Math.min(...ends(1)), Math.max(...ends(1))];
  const [midX, midY] = [(left + right) / 2, (top + bottom) / 2], cos = scale * Math.cos(turn), sin = scale * Math.sin(turn);
  const corners = stroke.shape === "rectangle" ? [[left, top], [right, top], [right, bottom], [left, bottom]] : stroke.points;
  return corners.map(([px, py]) => {
    const across = (px - midX) * aspect, down = py - midY;
    return [midX + x + (cos * across - sin * down) / aspect, midY + y + sin * across + cos * down];
  });
}
