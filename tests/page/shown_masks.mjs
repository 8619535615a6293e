/** Reads cases from standard input, and writes what the page makes of them: asked by test_canvas_masks.py. */

import { readFileSync } from "node:fs";
import { inpaintMasks, onlyMaskedFrame } from "../../src/sdplay/server/page/static/js/canvas/frame.js";
import { shaped } from "../../src/sdplay/server/page/static/js/canvas/mask.js";

const cases = JSON.parse(readFileSync(0, "utf8"));
process.stdout.write(JSON.stringify(cases.map(shown)));

function shown(one) {
  const mask = { width: one.mask[0].length, height: one.mask.length, channels: 1, data: Uint8ClampedArray.from(one.mask.flat()) };
  if (one.what === "shaped") return rows(shaped(mask, one.shape));
  const [left, top, right, bottom] = one.borders;
  const { paste, redraw } = inpaintMasks(mask, one.shape, { left, top, right, bottom });
  const frame = onlyMaskedFrame(redraw, one.padding, { width: one.size[0], height: one.size[1] });
  return { paste: rows(paste), redraw: rows(redraw), frame: [frame.left, frame.top, frame.right, frame.bottom] };
}

function rows(raster) {
  return Array.from({ length: raster.height }, (_, y) => [...raster.data.subarray(y * raster.width, (y + 1) * raster.width)]);
}
