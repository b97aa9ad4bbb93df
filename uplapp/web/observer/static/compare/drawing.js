// What the comparison draws: one crop of a picture, two crops with a line between, a difference.

export const FIT = 0; // of the zoom: as large as the view holds, by whole pixels where it is larger
export const MOST = 8;

// How many device pixels one pixel of a picture takes.
export function scaleOf(zoom, view, picture) {
  if (zoom !== FIT) return zoom;
  const fit = Math.min(view.width / picture.width, view.height / picture.height);
  return fit < 1 ? fit : Math.min(Math.floor(fit), MOST);
}

// Keep a centre where the picture fills the view, and a picture that is smaller than the view in its middle.
export function clamped(centre, side, room) {
  return side <= room ? side / 2 : Math.min(Math.max(centre, room / 2), side - room / 2);
}

export function place(view, picture, zoom, centre) {
  const scale = scaleOf(zoom, view, picture);
  const x = clamped(centre.x, picture.width, view.width / scale);
  const y = clamped(centre.y, picture.height, view.height / scale);
  return {
    scale,
    left: Math.round(view.width / 2 - x * scale),
    top: Math.round(view.height / 2 - y * scale),
    width: Math.round(picture.width * scale),
    height: Math.round(picture.height * scale),
  };
}

function blank(canvas, at) {
  const context = canvas.getContext("2d");
  context.clearRect(0, 0, canvas.width, canvas.height);
  context.imageSmoothingEnabled = at.scale < 1; // else each pixel is a square
  return context;
}

export function drawOne(canvas, image, at) {
  blank(canvas, at).drawImage(image, at.left, at.top, at.width, at.height);
}

// The first picture left of a line, the second right of it. `share` of the view is left of the line.
export function drawSplit(canvas, [first, second], at, share) {
  const line = Math.round(share * canvas.width);
  const context = blank(canvas, at);
  for (const [image, from, to] of [[first, 0, line], [second, line, canvas.width]]) {
    context.save();
    context.beginPath();
    context.rect(from, 0, to - from, canvas.height);
    context.clip();
    context.drawImage(image, at.left, at.top, at.width, at.height);
    context.restore();
  }
  context.fillStyle = "#ffd60a";
  context.fillRect(line - 1, at.top, 2, at.height);
}

// The absolute difference of two pictures in each channel, times `stretch`.
export function difference(first, second, stretch) {
  const [a, b] = [first, second].map((image) => pixelsOf(image, first));
  for (let place = 0; place < a.data.length; place += 1) {
    a.data[place] = place % 4 === 3 ? 255 : Math.min(255, stretch * Math.abs(a.data[place] - b.data[place]));
  }
  const canvas = new OffscreenCanvas(a.width, a.height);
  canvas.getContext("2d").putImageData(a, 0, 0);
  return canvas;
}

function pixelsOf(image, like) {
  const canvas = new OffscreenCanvas(like.width, like.height);
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.drawImage(image, 0, 0, like.width, like.height);
  return context.getImageData(0, 0, like.width, like.height);
}
