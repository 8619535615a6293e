/** The key pictures of a dream, drawn alone before the film: each is, bit for bit, the film's frame there. */
import { handIn } from "../core/events.js";
import { effect, signal, untracked } from "../core/html.js";
import { jobs } from "../core/store.js";
import { toastError } from "../parts/toast.js";
import { cardKey, cardRequest } from "./dream.js";
import { changeCard, dream } from "./dreamstate.js";

/** The jobs that draw cards just now: which card, and what it is drawn from. */
export const drawing = signal(/** @type {Map<string, {card: string, of: string}>} */ (new Map()));

/** Draw the pictures of the cards whose words or settings have changed since, or of one. @param {string} [only] a card's id */
export async function drawCards(only) {
  for (const card of dream.peek().cards) {
    const of = cardKey(dream.peek(), card);
    const waits = [...drawing.peek().values()].some((one) => one.of === of);
    if (!card.prompt.trim() || waits || (only ? card.id !== only : card.picture?.of === of)) continue;
    try {
      const job = await handIn(cardRequest(dream.peek(), card));
      drawing.value = new Map(drawing.peek()).set(job.id, { card: card.id, of });
    } catch (error) {
      toastError(error);
      return;
    }
  }
}

effect(() => {
  for (const [id, { card, of }] of drawing.value) {
    const job = jobs.value.get(id);
    if (!job || job.state === "queued" || job.state === "running") continue;
    const picture = job.pictures?.[0];
    if (job.state === "completed" && !picture) continue; // which one it is, is asked for just now
    if (picture) {
      const url = `/api/v1/pictures/${picture}/thumbnail`;
      untracked(() => changeCard(card, { picture: { id: picture, url, of } }, "pictures"));
    }
    const rest = new Map(drawing.value);
    rest.delete(id);
    drawing.value = rest;
    return; // the others follow: this was a change
  }
});
