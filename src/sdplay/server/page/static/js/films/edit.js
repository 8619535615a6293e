/** From a film that is there, or a file, back to where it can be changed. */
import { go } from "../core/router.js";
import { editRequest } from "./animatestate.js";
import { editDream } from "./dreamstate.js";

/** Open what a job asks for in its editor; `job` is the film whose unchanged frames are taken over. @param {Record<string, any>} request @param {string | null} [job] */
export function editFilm(request, job = null) {
  if (request.mode === "dream") editDream(request, job);
  else editRequest(request, job);
  go(`films/new/${request.mode === "dream" ? "dream" : "animate"}`);
}
