// Planes of a volume of bytes, of sides (D,H,W) with W running fastest: cut, projected, or seen from a side.
//
// A picture is { width, height, bytes }, upright: D points up wherever it lies in the plane.

export const PLANES = [
  { name: "Axial", axis: 0, rows: 1, columns: 2 },
  { name: "Coronal", axis: 1, rows: 0, columns: 2 },
  { name: "Sagittal", axis: 2, rows: 0, columns: 1 },
];

export function cut(volume, plane, index) {
  const picture = empty(volume.sides[plane.columns], volume.sides[plane.rows]);
  raise(picture, volume, plane, index);
  return picture;
}

export function project(volume, plane) {
  const picture = empty(volume.sides[plane.columns], volume.sides[plane.rows]);
  for (let index = 0; index < volume.sides[plane.axis]; index += 1) raise(picture, volume, plane, index);
  return picture;
}

// The maximum along parallel rays, by so many degrees away from the coronal projection. Its pixels are as
// wide as the finest voxels of an axial slice.
export function turn(volume, degrees) {
  const [depth, height, width] = volume.sides;
  const [, stepY, stepX] = volume.spacing;
  const pitch = Math.min(stepY, stepX);
  const across = Math.ceil(Math.hypot(height * stepY, width * stepX) / pitch);
  const [cos, sin] = [Math.cos((degrees * Math.PI) / 180), Math.sin((degrees * Math.PI) / 180)];
  const picture = empty(across, depth);
  const middle = (across - 1) / 2;
  for (let column = 0; column < across; column += 1) {
    const ray = [];
    for (let step = 0; step < across; step += 1) {
      const [u, t] = [(column - middle) * pitch, (step - middle) * pitch];
      const x = Math.round((u * cos - t * sin) / stepX + (width - 1) / 2);
      const y = Math.round((u * sin + t * cos) / stepY + (height - 1) / 2);
      if (x >= 0 && x < width && y >= 0 && y < height) ray.push(y * width + x);
    }
    for (let slice = 0; slice < depth; slice += 1) {
      const start = slice * height * width;
      let most = 0;
      for (const place of ray) most = Math.max(most, volume.bytes[start + place]);
      picture.bytes[(depth - 1 - slice) * across + column] = most;
    }
  }
  return picture;
}

// What a picture looks like in a window of grey values, as ImageData. `window` and `level` are shares of white.
export function shade(picture, { window, level }) {
  const low = 255 * (level - window / 2);
  const table = Uint8ClampedArray.from({ length: 256 }, (_, value) => (255 * (value - low)) / (255 * window));
  const image = new ImageData(picture.width, picture.height);
  const pixels = new Uint32Array(image.data.buffer);
  picture.bytes.forEach((value, place) => (pixels[place] = 0xff000000 | (table[value] * 0x010101)));
  return image;
}

// The grey value that so large a share of the voxels above 0 do not exceed, as a share of white.
export function quantile(volume, share) {
  const counts = new Float64Array(256);
  for (const value of volume.bytes) counts[value] += 1;
  counts[0] = 0;
  const most = share * counts.reduce((sum, count) => sum + count, 0);
  let value = 0;
  for (let sum = 0; value < 255 && sum < most; ) sum += counts[(value += 1)];
  return Math.max(value, 1) / 255;
}

function empty(width, height) {
  return { width, height, bytes: new Uint8Array(width * height) };
}

function raise(picture, { bytes, sides }, plane, index) {
  const strides = [sides[1] * sides[2], sides[2], 1];
  const step = strides[plane.columns];
  for (let row = 0, place = 0; row < picture.height; row += 1) {
    const upright = plane.rows === 0 ? picture.height - 1 - row : row;
    let source = index * strides[plane.axis] + upright * strides[plane.rows];
    for (let column = 0; column < picture.width; column += 1, place += 1, source += step) {
      if (bytes[source] > picture.bytes[place]) picture.bytes[place] = bytes[source];
    }
  }
}

// The index of the brightest voxel along an axis, through the place of a cross-hair.
export function brightest({ bytes, sides }, plane, cross) {
  const place = [...cross];
  const value = (index) => {
    place[plane.axis] = index;
    return bytes[(place[0] * sides[1] + place[1]) * sides[2] + place[2]];
  };
  let best = 0;
  for (let index = 1; index < sides[plane.axis]; index += 1) if (value(index) > value(best)) best = index;
  return best;
}
