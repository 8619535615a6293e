/** The timeline: a ruler, the words, a lane for each schedule, the sound; and the playhead across all of them. */
import { html, useEffect, useRef } from "../core/html.js";
import { t } from "../core/words.js";
import { IconButton } from "../parts/button.js";
import { Icon } from "../parts/icon.js";
import { Menu } from "../parts/menu.js";
import { addLane, curves, edited, fields, fps, frameCount, mode, playhead, snapping } from "./animatestate.js";
import { CurveLane } from "./curvelane.js";
import { lanesShown, lanesToAdd } from "./lanes.js";
import { restartClock } from "./motion.js";
import { PromptLane } from "./promptlane.js";
import { SoundLane } from "./soundlane.js";
import { sound } from "./soundstate.js";
import { ticks, timecode } from "./timescale.js";
import { firstSeen, lastSeen, length, scale, scrolled, scrub, setScroller, width, zoomBy, zoomToFit } from "./view.js";

const HEADS = { wide: 176, narrow: 104 };

export function Timeline() {
  const element = useRef(/** @type {HTMLElement | null} */ (null));
  useEffect(() => {
    const scroller = /** @type {HTMLElement} */ (element.current);
    setScroller(scroller);
    const measure = () => {
      const heads = scroller.clientWidth < 560 ? HEADS.narrow : HEADS.wide;
      scroller.style.setProperty("--heads", `${heads}px`);
      width.value = Math.max(scroller.clientWidth - heads, 120);
    };
    const observer = new ResizeObserver(measure);
    observer.observe(scroller);
    measure();
    const onWheel = (/** @type {WheelEvent} */ event) => {
      if (!event.ctrlKey) return;
      event.preventDefault();
      zoomBy(event.deltaY < 0 ? 1.25 : 0.8);
    };
    scroller.addEventListener("wheel", onWheel, { passive: false });
    return () => {
      observer.disconnect();
      scroller.removeEventListener("wheel", onWheel);
      setScroller(null);
    };
  }, []);
  const lanes = lanesShown(fields.value, edited.value.shown, mode.value);
  return html`<section class="films-timeline" aria-label=${t("films.timeline")}>
    <div class="films-lanes" ref=${element} onScroll=${(/** @type {any} */ event) => {
      scrolled.value = event.currentTarget.scrollLeft;
    }}>
      <div class="films-lanes-inside" style=${{ "--length": `${length.value}px` }}>
        <${Ruler} />
        <${PromptLane} />
        ${sound.value && html`<${SoundLane} />`}
        ${lanes.map((lane) => html`<${CurveLane} lane=${lane} key=${lane.name} />`)}
        <div class="films-playhead" style=${{ transform: `translateX(${playhead.value * scale.value}px)` }} aria-hidden="true"></div>
        ${edited.value.range && html`<${Range} />`}
      </div>
    </div>
  </section>`;
}

/** The lanes that could be there as well. It stands outside of what scrolls, where its list has room. */
export function AddLane() {
  const more = lanesToAdd(fields.value, edited.value.shown, mode.value);
  if (!more.length) return null;
  const items = more.map((lane) => ({ label: t(`films.lane.${lane.name}`), run: () => addLane(lane.name) }));
  return html`<${Menu} small icon="plus" kind="quiet" class="films-add-lane" label=${t("films.lane.add")} text=${t("films.lane.add")} items=${items} />`;
}

function Range() {
  const [first, last] = /** @type {[number, number]} */ (edited.value.range);
  const place = {
    insetInlineStart: `calc(var(--heads) + var(--edge) + ${first * scale.value}px)`,
    width: `${Math.max((last - first) * scale.value, 2)}px`,
  };
  return html`<div class="films-range" style=${place} aria-hidden="true"></div>`;
}

function Ruler() {
  const shown = ticks(scale.value, firstSeen.value, lastSeen.value);
  const cuts = curves.value?.cuts ?? [];
  return html`<div class="films-lane films-ruler">
    <div class="films-lane-head films-zoom">
      <${IconButton} small icon="zoomout" label=${t("films.zoom.out")} onClick=${() => zoomBy(0.7)} />
      <${IconButton} small icon="fit" label=${t("films.zoom.fit")} onClick=${zoomToFit} />
      <${IconButton} small icon="zoomin" label=${t("films.zoom.in")} onClick=${() => zoomBy(1.4)} />
      ${
        sound.value &&
        html`<${IconButton} small icon="music" label=${t("films.snap")} pressed=${snapping.value} onClick=${() => {
          snapping.value = !snapping.value;
        }} />`
      }
    </div>
    <div class="films-ruler-line" onPointerDown=${(/** @type {PointerEvent} */ event) => scrub(event, restartClock)}>
      ${shown.map(
        (
          frame,
        ) => html`<span class="films-tick" key=${frame} style=${{ transform: `translateX(${frame * scale.value}px)` }}>
        <b>${frame}</b><i>${timecode(frame, fps.value)}</i></span>`,
      )}
      ${cuts.map((/** @type {number} */ frame) => html`<span class="films-cut" key=${`cut ${frame}`} title=${t("films.cut.at", { frame })} style=${{ transform: `translateX(${frame * scale.value}px)` }}></span>`)}
      <span class="films-head" style=${{ transform: `translateX(${Math.min(playhead.value, frameCount.value - 1) * scale.value}px)` }}><${Icon} name="down" size=${14} /></span>
    </div>
  </div>`;
}
