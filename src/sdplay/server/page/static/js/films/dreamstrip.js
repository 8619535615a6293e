/** The cards of a dream, and the line of time below which they stand. */
import { percent, seconds } from "../core/format.js";
import { html, useRef, useState } from "../core/html.js";
import { jobs } from "../core/store.js";
import { toldAtField } from "../core/told.js";
import { t } from "../core/words.js";
import { IconButton } from "../parts/button.js";
import { readNumber } from "../parts/field.js";
import { Icon } from "../parts/icon.js";
import { Menu } from "../parts/menu.js";
import { PromptField } from "../prompts/field.js";
import { cardKey, draggedLength, framesOf, lengthOf, movedCard, newCard, widthOf, withCard } from "./dream.js";
import { drawCards, drawing } from "./dreamcards.js";
import { addCard, change, changeCard, dream, modelName, settle, times } from "./dreamstate.js";
import { dragging } from "./view.js";

/** Where the keys are in time; a click goes to the card. */
export function DreamTimes() {
  const { frames, total } = times.value;
  const { loop, cards } = dream.value;
  return html`<div class="films-times" aria-hidden="true">
    <div class="films-times-line"></div>
    ${cards.map((card, at) => {
      const share = (frames[at] ?? 0) / Math.max(total - (loop ? 0 : 1), 1);
      return html`<button type="button" tabindex="-1" class="films-times-key" style=${{ insetInlineStart: `${share * 100}%` }} key=${card.id}
        onClick=${() => document.getElementById(`card-${card.id}`)?.scrollIntoView({ behavior: "smooth", inline: "center", block: "nearest" })}>
        ${card.picture ? html`<img src=${card.picture.url} alt="" />` : html`<span>${at + 1}</span>`}
      </button>`;
    })}
    ${loop && html`<span class="films-times-loop"><${Icon} name="loop" size=${14} /></span>`}
  </div>`;
}

/** @param {{problems: any[]}} props */
export function DreamStrip({ problems }) {
  const { cards, loop } = dream.value;
  const [dragged, setDragged] = useState(/** @type {number | null} */ (null));
  const [over, setOver] = useState(/** @type {number | null} */ (null));
  const drop = () => {
    if (dragged !== null && over !== null && over !== dragged) change({ cards: movedCard(cards, dragged, over) });
    setDragged(null);
    setOver(null);
  };
  return html`<ol class="films-strip" onDragOver=${(/** @type {DragEvent} */ e) => dragged !== null && e.preventDefault()} onDrop=${drop} onDragEnd=${drop}>
    ${cards.map(
      (
        card,
        at,
      ) => html`<li key=${card.id} class=${`films-step ${over === at && dragged !== at ? "films-step-over" : ""} ${dragged === at ? "films-step-dragged" : ""}`}
        onDragEnter=${() => dragged !== null && setOver(at)}>
        <${Card} card=${card} at=${at} count=${cards.length} error=${wrongWords(problems, at)} onDragStart=${() => setDragged(at)} />
        ${(loop || at < cards.length - 1) && html`<${Bridge} card=${card} back=${at === cards.length - 1} />`}
      </li>`,
    )}
    <li class="films-step"><button type="button" class="films-add" onClick=${addCard}><${Icon} name="plus" size=${26} /><span>${t("films.card.add")}</span></button></li>
  </ol>`;
}

/** @param {any[]} problems @param {number} at */
function wrongWords(problems, at) {
  const found = problems.find((one) => one.field?.startsWith(`keyframes.${at}.`) || one.field === `keyframes[${at}]`);
  return found && toldAtField(found);
}

/** @param {{card: import("./dream.js").Card, at: number, count: number, error?: string, onDragStart: () => void}} props */
function Card({ card, at, count, error, onDragStart }) {
  const element = useRef(/** @type {HTMLElement | null} */ (null));
  const label = t("films.card", { number: at + 1 });
  const move = (/** @type {number} */ to) => {
    if (to < 0 || to >= count) return;
    change({ cards: movedCard(dream.peek().cards, at, to) });
    requestAnimationFrame(() =>
      /** @type {HTMLElement | null} */ (document.querySelector(`#card-${card.id} .films-card-grip`))?.focus(),
    );
  };
  const onKeyDown = (/** @type {KeyboardEvent} */ event) => {
    if (event.key === "ArrowLeft") move(at - 1);
    else if (event.key === "ArrowRight") move(at + 1);
    else if (event.key === "Delete" && count > 1) remove();
    else return;
    event.preventDefault();
  };
  const remove = () => change({ cards: dream.peek().cards.filter((one) => one.id !== card.id) });
  const copy = () => change({ cards: withCard(dream.peek().cards, at + 1, newCard({ ...card, id: newCard().id })) });
  return html`<article class="films-key" id=${`card-${card.id}`} ref=${element} aria-label=${label}>
    <header class="films-key-head">
      <span class="films-card-grip" draggable="true" tabindex="0" role="button" aria-label=${t("films.card.move", { number: at + 1 })} title=${t("films.card.move.about")}
        onKeyDown=${onKeyDown} onDragStart=${(/** @type {DragEvent} */ event) => {
          if (element.current) event.dataTransfer?.setDragImage(element.current, 20, 20);
          event.dataTransfer?.setData("text/plain", card.prompt);
          onDragStart();
        }}><${Icon} name="grip" size=${16} /><b>${at + 1}</b></span>
      <span class="spread"></span>
      <${Menu} small label=${t("films.card.more", { number: at + 1 })} items=${[
        { label: t("films.card.draw"), icon: "image", run: () => drawCards(card.id), disabled: !card.prompt.trim() },
        { label: t("films.card.copy"), icon: "copy", run: copy },
        { label: t("films.card.seed"), icon: "dice", run: () => changeCard(card.id, { seed: newCard().seed }) },
        { label: t("films.card.left"), icon: "left", run: () => move(at - 1), disabled: at === 0 },
        { label: t("films.card.right"), icon: "right", run: () => move(at + 1), disabled: at === count - 1 },
        { label: t("common.delete"), icon: "trash", run: remove, danger: true, disabled: count < 2 },
      ]} />
    </header>
    <${CardPicture} card=${card} />
    <${PromptField} model=${modelName.value} label=${t("films.card.prompt", { number: at + 1 })} hideLabel=${true} value=${card.prompt} rows=${3} error=${error} placeholder=${t(at % 2 ? "films.card.like.2" : "films.card.like.1")}
      onChange=${(/** @type {string} */ prompt) => changeCard(card.id, { prompt }, `prompt ${card.id}`)} onBlur=${settle} />
    <label class="films-seed"><span>${t("films.seed")}</span><input class="input" inputmode="numeric" value=${card.seed}
      onChange=${(/** @type {any} */ event) => changeCard(card.id, { seed: readNumber(event.currentTarget.value, 0, 2 ** 53) ?? card.seed })} /></label>
  </article>`;
}

/** @param {{card: import("./dream.js").Card}} props */
function CardPicture({ card }) {
  const now = cardKey(dream.value, card);
  const waiting = [...drawing.value].find(([, one]) => one.card === card.id);
  const job = waiting && jobs.value.get(waiting[0]);
  const old = card.picture && card.picture.of !== now;
  return html`<div class=${`films-key-picture ${old ? "films-key-old" : ""}`}>
    ${
      job?.preview || card.picture
        ? html`<img src=${job?.preview ?? card.picture.url} alt="" />`
        : html`<button type="button" class="films-key-draw" disabled=${!card.prompt.trim() || Boolean(waiting)} onClick=${() => drawCards(card.id)}>
            <${Icon} name="sparkle" size=${22} /><span>${waiting ? t("films.card.waiting") : t("films.card.draw")}</span></button>`
    }
    ${old && !waiting && html`<button type="button" class="films-key-again" onClick=${() => drawCards(card.id)}><${Icon} name="retry" size=${14} />${t("films.card.old")}</button>`}
  </div>`;
}

/** From a key to the next. @param {{card: import("./dream.js").Card, back: boolean}} props */
function Bridge({ card, back }) {
  const set = (/** @type {number} */ value) => changeCard(card.id, { seconds: lengthOf(value) }, `seconds ${card.id}`);
  const frames = framesOf(card.seconds, dream.value.fps);
  return html`<div class="films-bridge" title=${t("films.frames", { count: frames })} style=${{ width: `${widthOf(card.seconds)}px` }}>
    <${Icon} name=${back ? "loop" : "right"} size=${18} />
    <label class="films-bridge-time"><span class="unseen">${t("films.bridge")}</span>
      <input class="input" type="number" min="0.04" step="0.25" value=${card.seconds} onBlur=${settle}
        onInput=${(/** @type {any} */ event) => {
          const read = readNumber(event.currentTarget.value, 0.04, 3600);
          if (read !== undefined) set(read);
        }} /><span aria-hidden="true">s</span></label>
    <label class="films-bridge-hold" title=${t("films.hold.about")}><span>${t("films.hold")} ${percent(card.hold)}</span>
      <input type="range" class="slider-range" min="0" max="0.95" step="0.05" value=${card.hold} style=${{ "--share": `${(card.hold / 0.95) * 100}%` }} aria-label=${t("films.hold")}
        aria-valuetext=${seconds(card.hold * card.seconds)} onChange=${settle}
        onInput=${(/** @type {any} */ event) => changeCard(card.id, { hold: Number(event.currentTarget.value) }, `hold ${card.id}`)} /></label>
    <span class="films-bridge-more"><${IconButton} small icon="minus" label=${t("films.shorter")} onClick=${() => set(card.seconds - 0.25)} />
      <${IconButton} small icon="plus" label=${t("films.longer")} onClick=${() => set(card.seconds + 0.25)} /></span>
    <${BridgeEnd} card=${card} set=${set} />
  </div>`;
}

/** Where a length ends: dragged, or moved by keys. @param {{card: import("./dream.js").Card, set: (seconds: number) => void}} props */
function BridgeEnd({ card, set }) {
  const onPointerDown = (/** @type {PointerEvent} */ event) => {
    const from = event.clientX;
    const move = (/** @type {PointerEvent} */ at) =>
      set(draggedLength(card.seconds, at.clientX - from, dream.peek().fps, at.altKey));
    dragging(event, move, settle);
  };
  const onKeyDown = (/** @type {KeyboardEvent} */ event) => {
    const step = { ArrowLeft: -0.25, ArrowDown: -0.25, ArrowRight: 0.25, ArrowUp: 0.25 }[event.key];
    if (step === undefined || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    set(card.seconds + step * (event.shiftKey ? 4 : 1));
  };
  return html`<span class="films-bridge-end" role="slider" tabindex="0" aria-label=${t("films.bridge.end")} title=${t("films.bridge.end")} aria-valuenow=${card.seconds} aria-valuemin="0.04" aria-valuemax="3600" aria-valuetext=${seconds(card.seconds)}
    onPointerDown=${onPointerDown} onKeyDown=${onKeyDown} onBlur=${settle}></span>`;
}
