/** What the service has to say of a request, in words for people who look at a page. */

const THINGS = /:? see `sdplay things`\.?$/;
const TICKS = /`([^`]+)`/g;

/** Notes without what only a command line has; `things`: it is about what the model knows. @param {string[]} notes @returns {{text: string, things: boolean}[]} */
export function notesOf(notes) {
  return notes.map((note) => {
    const things = THINGS.test(note);
    return { text: note.replace(THINGS, ".").replace(TICKS, "$1"), things };
  });
}
