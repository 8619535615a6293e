/** Finding things by their names, and putting them in groups. No page is needed for this. */

/** @typedef {{name: string, emoji: string[], group: string, synonyms: string[], colour: string | null}} Thing */
/** @typedef {{things: Thing[], names?: Record<string, Record<string, number>>}} ThingList */

/** The things whose name in any language, other name or emoji has `text` in it; all of them for no text. @param {ThingList} list @param {string} text @returns {Thing[]} */
export function found(list, text) {
  const wanted = plain(text);
  if (!wanted) return list.things;
  const places = new Set();
  list.things.forEach((thing, place) => {
    if ([thing.name, ...thing.synonyms, ...thing.emoji].some((one) => plain(one).includes(wanted))) places.add(place);
  });
  for (const names of Object.values(list.names ?? {})) {
    for (const [name, place] of Object.entries(names)) if (plain(name).includes(wanted)) places.add(place);
  }
  return list.things.filter((_, place) => places.has(place));
}

/** In small letters, without accents. @param {string} text */
function plain(text) {
  return text.trim().toLocaleLowerCase().normalize("NFD").replace(/\p{M}/gu, "");
}

/** Things by their group, in the order in which the groups come first. @param {Thing[]} things @returns {[string, Thing[]][]} */
export function grouped(things) {
  /** @type {Map<string, Thing[]>} */
  const groups = new Map();
  for (const thing of things) groups.set(thing.group, [...(groups.get(thing.group) ?? []), thing]);
  return [...groups];
}
