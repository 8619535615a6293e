/** The key pictures of a dream, drawn alone before the film: each is, bit for bit, the film's frame there. */
import { api } from "../core/api.js";
import { onEvent } from "../core/events.js";
import { signal } from "../core/html.js";
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
      const job = await api.draw(cardRequest(dream.peek(), card));
      drawing.value = new Map(drawing.peek()).set(job.id, { card: card.id, of });
    } catch (error) {
      toastError(error);
      return;
    }
  }
}

onEvent(({ type, data }) => {
  const known = drawing.peek().get(data.job);
  if (!known) return;
  if (type === "picture") {
    const url = `/api/v1/pictures/${data.picture}/thumbnail`;
    changeCard(known.card, { picture: { id: data.picture, url, of: known.of } }, "pictures");
  }
  if (type === "finished") {
    const rest = new Map(drawing.peek());
    rest.delete(data.job);
    drawing.value = rest;
  }
});
