/** How far two pictures are apart, in numbers. */

const MOST = 16 * 2 ** 20; // pixels that are compared

/** @param {Uint8ClampedArray} one RGBA @param {Uint8ClampedArray} other as long @returns {{pixels: number, total: number, most: number}} */
export function counted(one, other) {
  let pixels = 0;
  let most = 0;
  for (let at = 0; at < one.length; at += 4) {
    const apart = Math.max(
      Math.abs(Number(one[at]) - Number(other[at])),
      Math.abs(Number(one[at + 1]) - Number(other[at + 1])),
      Math.abs(Number(one[at + 2]) - Number(other[at + 2])),
    );
    if (apart) pixels += 1;
    if (apart > most) most = apart;
  }
  return { pixels, total: one.length / 4, most };
}

/** Pixels that differ, of how many, and by how much at most; {} for pictures of other sizes. @param {any} left @param {any} right */
export async function differenceOf(left, right) {
  if (left.width !== right.width || left.height !== right.height || left.width * left.height > MOST) return {};
  const [one, other] = await Promise.all([left, right].map(pixelsOf));
  return one && other ? counted(one, other) : {};
}

/** @param {any} picture */
async function pixelsOf(picture) {
  const bitmap = await createImageBitmap(await (await fetch(picture.file)).blob(), { colorSpaceConversion: "none" });
  const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context?.drawImage(bitmap, 0, 0);
  return context?.getImageData(0, 0, bitmap.width, bitmap.height).data;
}
