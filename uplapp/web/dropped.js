// Gradio's field takes dropped files; of a dropped folder it sees nothing. Its files are put in instead, in a
// field of the class `packs-folders` as one ZIP that keeps the names of the folders.
const filesOf = async (entry) => {
  if (entry.isFile) {
    return [[entry.fullPath.slice(1), await new Promise((take, fail) => entry.file(take, fail))]];
  }
  const reader = entry.createReader();
  const found = [];
  for (let some; (some = await new Promise((take, fail) => reader.readEntries(take, fail))).length; ) {
    found.push(...(await Promise.all(some.map(filesOf))).flat());
  }
  return found;
};

// Fields of a ZIP (APPNOTE 6.3.10, sections 4.3.7, 4.3.12 and 4.3.16): pairs of a size in bytes and a value.
const record = (...fields) => {
  const bytes = [];
  for (const [size, value] of fields) {
    for (let place = 0; place < size; place++) bytes.push(Math.floor(value / 256 ** place) % 256);
  }
  return new Uint8Array(bytes);
};
const POLYNOMIAL = 0xedb88320;
const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  for (let bit = 0; bit < 8; bit++) byte = byte & 1 ? POLYNOMIAL ^ (byte >>> 1) : byte >>> 1;
  return byte;
});
const crc = (bytes) => {
  let sum = -1;
  for (const byte of bytes) sum = TABLE[(sum ^ byte) & 255] ^ (sum >>> 8);
  return ~sum >>> 0;
};
const FIRST_DAY = 0x21; // 1 January 1980, where the dates of a ZIP begin
// One ZIP of [path, file] pairs, stored: pictures do not shrink.
const packed = async (files) => {
  const parts = [], list = [];
  let offset = 0, listed = 0;
  for (const [path, file] of files) {
    const name = new TextEncoder().encode(path);
    const sum = crc(new Uint8Array(await file.arrayBuffer()));
    const shared = [[2, 20], [2, 0x800], [2, 0], [2, 0], [2, FIRST_DAY], [4, sum], [4, file.size], [4, file.size]];
    parts.push(record([4, 0x04034b50], ...shared, [2, name.length], [2, 0]), name, file);
    const rest = [[2, name.length], [2, 0], [2, 0], [2, 0], [2, 0], [4, 0], [4, offset]];
    list.push(record([4, 0x02014b50], [2, 20], ...shared, ...rest), name);
    offset += 30 + name.length + file.size;
    listed += 46 + name.length;
  }
  const counts = [[2, files.length], [2, files.length], [4, listed], [4, offset], [2, 0]];
  const end = record([4, 0x06054b50], [2, 0], [2, 0], ...counts);
  return new File([...parts, ...list, end], "folders.zip", { type: "application/zip" });
};

const putIn = async (input, entries) => {
  const files = (await Promise.all(entries.map(filesOf))).flat().filter(([, file]) => !file.name.startsWith("."));
  const box = new DataTransfer();
  const whole = input.closest(".packs-folders") ? [await packed(files)] : files.map(([, file]) => file);
  whole.forEach((file) => box.items.add(file));
  input.files = box.files;
  input.dispatchEvent(new Event("change", { bubbles: true }));
};
document.addEventListener("drop", (event) => {
  const field = event.target.closest?.(".takes-folders, .packs-folders");
  const input = field?.querySelector("input[type=file]");
  const entries = [...(event.dataTransfer?.items ?? [])].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
  if (!input || !entries.some((entry) => entry.isDirectory)) return;
  event.preventDefault();
  event.stopPropagation();
  putIn(input, entries);
}, true);
