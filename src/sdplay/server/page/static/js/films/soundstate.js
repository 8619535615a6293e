/** What there is to see of the sound that is edited with: its waveform, its beats. */
import { api } from "../core/api.js";
import { computed, effect, signal } from "../core/html.js";
import { newest } from "../core/newest.js";
import { fields } from "./animatestate.js";

const POINTS = 2000;

/** The service's answer, null while there is no sound. */
export const sound = signal(/** @type {any} */ (null));
export const soundError = signal(/** @type {unknown} */ (null));
const asked = computed(() =>
  fields.value.audio
    ? `uploads/${fields.value.audio}/sound?points=${POINTS}&start=${fields.value.audio_start ?? 0}`
    : "",
);

const question = newest(
  30,
  (path, signal) => (path ? api.get(path, { signal }) : Promise.resolve(null)),
  (answer, error) => {
    sound.value = answer;
    soundError.value = error;
  },
);

/** Keep `sound` as the fields say, while the editor is shown. Gives the way to stop. */
export function followSound() {
  const stop = effect(() => question.ask(asked.value));
  return () => {
    stop();
    question.stop();
  };
}
