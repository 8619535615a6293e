/** What changed in a raster, in tiles, packed: this is what undo keeps. */

/** @import { Raster } from "./raster.js" */
/** @import { Rect } from "./rect.js" */

export const TILE = 64; // pixels a side

/**
 * @typedef {object} TileChange
 * @property {number} column
 * @property {number} row
 * @property {Uint8Array<ArrayBuffer>} before  packed
 * @property {Uint8Array<ArrayBuffer>} after  packed
 */

/** @typedef {{ width: number, height: number, channels: 1 | 4, tiles: Uint8Array<ArrayBuffer>[] }} PackedRaster */

/**
 * `bytes`, of a length that `unit` divides, with runs of equal units counted: pairs of (count of 1 to 255, unit).
 * The first byte says how it is packed: 0 as it is, 1 in runs, whichever is shorter.
 * @param {Uint8Array | Uint8ClampedArray} bytes @param {number} unit  bytes of a pixel
 * @returns {Uint8Array<ArrayBuffer>}
 */
export function pack(bytes, unit) {
  const runs = new Uint8Array(bytes.length + 1);
  runs[0] = 1;
  let end = 1;
  for (let at = 0; at < bytes.length; ) {
    if (end + unit + 1 > bytes.length) return asItIs(bytes);
    let next = at + unit;
    while (next < bytes.length && next - at < 255 * unit && equalUnits(bytes, at, next, unit)) next += unit;
    runs[end] = (next - at) / unit;
    for (let each = 0; each < unit; each++) runs[end + 1 + each] = bytes[at + each];
    end += unit + 1;
    at = next;
  }
  return runs.slice(0, end);
}

/** @param {Uint8Array | Uint8ClampedArray} bytes @returns {Uint8Array<ArrayBuffer>} */
function asItIs(bytes) {
  const made = new Uint8Array(bytes.length + 1);
  made.set(bytes, 1);
  return made;
}

/** @param {ArrayLike<number>} bytes @param {number} one @param {number} other @param {number} unit */
function equalUnits(bytes, one, other, unit) {
  for (let each = 0; each < unit; each++) if (bytes[one + each] !== bytes[other + each]) return false;
  return true;
}

/** The inverse of `pack`. @param {Uint8Array} packed @param {number} unit @param {number} length  of the bytes */
export function unpack(packed, unit, length) {
  if (packed[0] === 0) return packed.slice(1);
  const bytes = new Uint8Array(length);
  let at = 0;
  for (let from = 1; from < packed.length; from += unit + 1) {
    for (let count = packed[from]; count > 0; count--) {
      for (let each = 0; each < unit; each++) bytes[at++] = packed[from + 1 + each];
    }
  }
  return bytes;
}

/** The pixels of a tile, smaller at the right and the bottom. @param {Raster} raster @param {number} column @param {number} row */
function tileRect(raster, column, row) {
  const left = column * TILE;
  const top = row * TILE;
  return { left, top, right: Math.min(left + TILE, raster.width), bottom: Math.min(top + TILE, raster.height) };
}

/** @param {Raster} raster @param {number} column @param {number} row @returns {Uint8ClampedArray} */
function readTile(raster, column, row) {
  const { left, top, right, bottom } = tileRect(raster, column, row);
  const wide = (right - left) * raster.channels;
  const bytes = new Uint8ClampedArray(wide * (bottom - top));
  for (let y = top; y < bottom; y++) {
    const from = (y * raster.width + left) * raster.channels;
    bytes.set(raster.data.subarray(from, from + wide), (y - top) * wide);
  }
  return bytes;
}

/** @param {Raster} raster @param {number} column @param {number} row @param {Uint8Array} packed */
function writeTile(raster, column, row, packed) {
  const { left, top, right, bottom } = tileRect(raster, column, row);
  const wide = (right - left) * raster.channels;
  const bytes = unpack(packed, raster.channels, wide * (bottom - top));
  for (let y = top; y < bottom; y++) {
    raster.data.set(
      bytes.subarray((y - top) * wide, (y - top + 1) * wide),
      (y * raster.width + left) * raster.channels,
    );
  }
}

/** @param {ArrayLike<number>} one @param {ArrayLike<number>} other */
function equal(one, other) {
  for (let at = 0; at < one.length; at++) if (one[at] !== other[at]) return false;
  return true;
}

/**
 * The tiles within `rect` in which two rasters of one size differ.
 * @param {Raster} before @param {Raster} after @param {Rect} rect @returns {TileChange[]}
 */
export function changedTiles(before, after, rect) {
  /** @type {TileChange[]} */
  const changes = [];
  for (let row = Math.floor(rect.top / TILE); row < Math.ceil(rect.bottom / TILE); row++) {
    for (let column = Math.floor(rect.left / TILE); column < Math.ceil(rect.right / TILE); column++) {
      const was = readTile(before, column, row);
      const is = readTile(after, column, row);
      if (equal(was, is)) continue;
      changes.push({ column, row, before: pack(was, before.channels), after: pack(is, after.channels) });
    }
  }
  return changes;
}

/**
 * Write tiles into a raster as they were, or as they are; the pixels that this touches.
 * @param {Raster} raster @param {readonly TileChange[]} changes @param {"before" | "after"} which @returns {Rect}
 */
export function writeTiles(raster, changes, which) {
  const touched = { left: raster.width, top: raster.height, right: 0, bottom: 0 };
  for (const change of changes) {
    writeTile(raster, change.column, change.row, change[which]);
    const rect = tileRect(raster, change.column, change.row);
    touched.left = Math.min(touched.left, rect.left);
    touched.top = Math.min(touched.top, rect.top);
    touched.right = Math.max(touched.right, rect.right);
    touched.bottom = Math.max(touched.bottom, rect.bottom);
  }
  return touched;
}

/** A whole raster, packed. @param {Raster} raster @returns {PackedRaster} */
export function packRaster(raster) {
  const { width, height, channels } = raster;
  const tiles = [];
  for (let row = 0; row * TILE < height; row++) {
    for (let column = 0; column * TILE < width; column++) tiles.push(pack(readTile(raster, column, row), channels));
  }
  return { width, height, channels, tiles };
}

/** The inverse of `packRaster`. @param {PackedRaster} packed @returns {Raster} */
export function unpackRaster(packed) {
  const { width, height, channels } = packed;
  const raster = { width, height, channels, data: new Uint8ClampedArray(width * height * channels) };
  const columns = Math.ceil(width / TILE);
  packed.tiles.forEach((tile, index) => {
    writeTile(raster, index % columns, Math.floor(index / columns), tile);
  });
  return raster;
}
