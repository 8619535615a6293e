/** The sound of a film beside its frames, and the button that mutes it. */
import { draft } from "../core/drafts.js";
import { html, useEffect, useRef, useState } from "../core/html.js";
import { t } from "../core/words.js";
import { IconButton } from "../parts/button.js";

const DRIFT = 0.15; // seconds that a sound may be beside the frames before it is put right

export const muted = draft("films.muted", false);

export function toggleSound() {
  muted.value = !muted.value;
}

/**
 * Nothing where a film has no sound, or one that this browser cannot play.
 * @param {{upload?: string | null, start?: number, playing: boolean, at: number}} props
 * `upload` holds the sound, of which the film begins at `start`; `at` is what is shown of the film. All in seconds.
 */
export function Soundtrack({ upload, start = 0, playing, at }) {
  const audio = useRef(/** @type {HTMLAudioElement | null} */ (null));
  const [broken, setBroken] = useState(false);
  useEffect(() => setBroken(false), [upload]);
  useEffect(() => {
    if (audio.current) follow(audio.current, start + at, playing && !muted.value);
  }, [upload, start, at, playing, muted.value]);
  if (!upload || broken) return null;
  const label = `${t(muted.value ? "films.unmute" : "films.mute")} (M)`;
  return html`<audio ref=${audio} src=${`/api/v1/uploads/${upload}/file`} preload="auto" onError=${() => setBroken(true)}></audio>
    <${IconButton} icon=${muted.value ? "muted" : "sound"} pressed=${muted.value} label=${label} class="films-mute" onClick=${toggleSound} />`;
}

/** Be heard at `wanted` seconds, or silent: also where the film is longer than its sound. @param {HTMLAudioElement} audio @param {number} wanted @param {boolean} heard */
function follow(audio, wanted, heard) {
  if (!heard || !(wanted < audio.duration)) {
    audio.pause();
    return;
  }
  if (Math.abs(audio.currentTime - wanted) > DRIFT) audio.currentTime = wanted;
  if (audio.paused) audio.play().catch(() => {}); // a browser that lets nothing be heard before a click
}
