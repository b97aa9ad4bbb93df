// What is on the viewer of volumes: menus, sliders, a figure for each plane.

import { PLANES } from "./planes.js";

export const TURN = 6; // degrees of one step of a wheel or key
export const NONE = "-1"; // of the second menu: nothing beside the first

export function layOut(main, names, sides) {
  const options = names.map((_, index) => `<option value="${index}"></option>`).join("");
  const figures = PLANES.map(
    ({ name }, place) => `<figure id="${name.toLowerCase()}"><figcaption></figcaption>
      <div class="views" tabindex="0" role="group"></div>
      <input type="range" min="0" max="${sides[place] - 1}" step="1" aria-label="${name} slice"></figure>`,
  ).join("");
  main.innerHTML = `
    <div class="row"><label>Show <select id="first">${options}</select></label>
      <label>beside <select id="second"><option value="${NONE}">nothing</option>${options}</select></label>
      <label class="two">as <select id="how"><option value="beside">two pictures</option>
        <option value="flicker">flicker</option></select></label>
      <label class="flickers">each <select id="phase"><option>125</option><option selected>250</option>
        <option>500</option></select> ms</label></div>
    <div class="row"><label>View <select id="mode"><option value="slices">slices</option>
        <option value="projections">maximum projections</option></select></label>
      <label>of <select id="planes"><option value="all">three planes</option>
        ${PLANES.map(({ name }, place) => `<option value="${place}">${name}</option>`).join("")}</select></label>
      <label class="turns">turned by <input type="range" id="angle" min="0" max="180" step="${TURN}" value="0">
        <button type="button" id="rotate" aria-pressed="false">Rotate</button></label></div>
    <div class="row"><label>Window <input type="range" id="window" min="1" max="100" value="100"></label>
      <label>Level <input type="range" id="level" min="0" max="100" value="50"></label>
      <button type="button" id="fit">Fit</button><button type="button" id="whole">Whole range</button></div>
    <div id="stage">${figures}</div><p id="said" role="status"></p>
    <p id="hint">A click moves the cross-hair, in a projection to the brightest voxel behind it. Wheel, arrows,
      Page Up and Page Down go through slices; <kbd>F</kbd> flickers, 1 to 9 choose what is shown.</p>`;
  for (const option of main.querySelectorAll("#first option, #second option")) {
    if (option.value !== NONE) option.textContent = names[option.value]; // as text: a name may hold any character
  }
}
