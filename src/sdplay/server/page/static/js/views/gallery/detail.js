/** One picture, large: what it says, and what can be done with it. */
import { api } from "../../core/api.js";
import { bytes, date, percent } from "../../core/format.js";
import { sendTo } from "../../core/handoff.js";
import { html, useEffect, useState } from "../../core/html.js";
import { useKeys } from "../../core/keys.js";
import { go } from "../../core/router.js";
import { t } from "../../core/words.js";
import { Button, IconButton } from "../../parts/button.js";
import { Menu } from "../../parts/menu.js";
import { sentence } from "../../parts/toast.js";
import { again, discard, download, mark, putBack, recipeOf, send, star, useSettings, variation } from "./actions.js";
import { Shown, useZoom } from "./canvas.js";
import { addressOf } from "./filter.js";
import { at, current, filter, find, indexOf, reach, total, version } from "./list.js";
import { look } from "./look.js";
import { back, Missing, whyMissing } from "./missing.js";
import { Said } from "./said.js";
import { labelOf } from "./tiles.js";
import { Verify } from "./verify.js";
import { shownWall } from "./wall.js";

/** @param {{id: number}} props */
export function Detail({ id }) {
  const { picture, error } = usePicture(id);
  if (error) return html`<${Missing} why=${error} />`;
  return picture ? html`<${Open} picture=${picture} />` : html`<div class="gallery-detail"></div>`;
}

/** The picture `id`, from the list if it is here. @param {number} id */
function usePicture(id) {
  const [asked, setAsked] = useState(/** @type {any} */ (null));
  const [error, setError] = useState("");
  void version.value;
  const here = find(id)?.picture;
  useEffect(() => {
    let isCurrent = true;
    setError("");
    if (!find(id)) {
      api.get(`pictures/${id}`).then(
        (one) => isCurrent && setAsked(one),
        (why) => isCurrent && setError(whyMissing(why)),
      );
    }
    void indexOf(id).then((index) => {
      if (!isCurrent) return;
      current.value = index;
      shownWall.reveal(index);
    });
    return () => {
      isCurrent = false;
    };
  }, [id]);
  return { picture: here ?? (asked?.id === id ? asked : null), error };
}

/** Show the picture `step` tiles further. @param {number} step */
async function walk(step) {
  const index = current.value + step;
  if (current.value < 0 || index < 0 || index >= (total.value ?? 0)) return;
  const picture = await reach(index);
  if (!picture) return;
  current.value = index; // at once: the next key may come before the picture is shown
  shownWall.reveal(index);
  go(`gallery/${picture.id}${addressOf(filter.value)}`, { replace: true });
}

/** @param {{picture: any}} props */
function Open({ picture }) {
  const zoom = useZoom({ width: picture.width, height: picture.height }, picture.id);
  const remove = async () => {
    const next = at(current.value + 1) ?? at(current.value - 1);
    await discard([picture.id]);
    if (next) go(`gallery/${next.id}${addressOf(filter.value)}`, { replace: true });
    else back();
  };
  const toggleInfo = () => {
    look.value = { ...look.value, info: !look.value.info };
  };
  const trashed = picture.place === "trash";
  useKeys("gallery.detail", [
    { keys: "Escape", what: "gallery.keys.back", run: back },
    { keys: "ArrowLeft", what: "gallery.keys.before", run: () => void walk(-1) },
    { keys: "ArrowRight", what: "gallery.keys.after", run: () => void walk(1) },
    { keys: "z", what: "gallery.keys.zoom", run: () => zoom.actual() },
    { keys: "+", what: "gallery.keys.in", run: () => zoom.in() },
    { keys: "-", what: "gallery.keys.out", run: () => zoom.out() },
    { keys: "i", what: "gallery.keys.info", run: toggleInfo },
    { keys: "s", what: "gallery.keys.star", run: () => void star([picture]) },
    ...[0, 1, 2, 3, 4, 5].map((rating) => ({ keys: String(rating), what: "gallery.keys.rate", run: () => void mark([picture.id], { rating }) })),
    { keys: "Delete", what: "gallery.keys.discard", run: () => void remove() },
  ]); // biome-ignore format: a key a line
  return html`<section class=${`gallery-detail ${look.value.info ? "gallery-detail-info" : ""}`} aria-label=${labelOf(picture)}>
    <header class="gallery-detail-bar">
      <${IconButton} icon="left" label=${t("gallery.back")} onClick=${back} />
      <span class="gallery-detail-place">${current.value >= 0 && total.value ? `${current.value + 1} / ${total.value}` : ""}</span>
      <span class="spread"></span>
      <span class="gallery-scale" aria-hidden="true">${percent(zoom.scale)}</span>
      <${IconButton} class="gallery-zoom" icon=${zoom.isFitted ? "zoomin" : "fit"} label=${t(zoom.isFitted ? "gallery.actual" : "gallery.fit")} onClick=${() => zoom.actual()} />
      <${IconButton} icon="star" filled=${picture.starred} pressed=${picture.starred} class="gallery-star" label=${t("gallery.star")} onClick=${() => star([picture])} />
      <${IconButton} icon="download" label=${t("common.download")} onClick=${() => download([picture])} />
      ${trashed ? html`<${Button} icon="undo" onClick=${() => putBack([picture.id])}>${t("gallery.put_back")}<//>` : html`<${IconButton} icon="trash" label=${t("gallery.discard")} onClick=${remove} />`}
      <${IconButton} icon="info" pressed=${look.value.info} label=${t("gallery.info")} onClick=${toggleInfo} />
    </header>
    <div class="gallery-detail-stage">
      <${Shown} picture=${picture} zoom=${zoom} alt=${labelOf(picture)} />
      ${current.value > 0 && html`<${IconButton} icon="left" class="gallery-walk gallery-walk-before" label=${t("gallery.before")} onClick=${() => walk(-1)} />`}
      ${current.value < (total.value ?? 0) - 1 && html`<${IconButton} icon="right" class="gallery-walk gallery-walk-after" label=${t("gallery.after")} onClick=${() => walk(1)} />`}
    </div>
    ${look.value.info && html`<${Info} picture=${picture} />`}
  </section>`;
}

/** @param {{picture: any}} props */
function Info({ picture }) {
  const [recipe, setRecipe] = useState(/** @type {any} */ (null));
  const [error, setError] = useState("");
  useEffect(() => {
    const asking = new AbortController();
    setRecipe(null);
    setError("");
    recipeOf(picture, { signal: asking.signal }).then(
      setRecipe,
      (why) => !asking.signal.aborted && setError(why.code === "bad-request" ? t("gallery.silent") : sentence(why)),
    );
    return () => asking.abort();
  }, [picture.id]);
  const request = recipe?.request;
  const isPicture = picture.media_type.startsWith("image");
  const sends = [
    request && !picture.film && { label: t("gallery.use_settings"), icon: "draw", run: () => useSettings(recipe) },
    request &&
      !picture.film && { label: t("grids.from_these"), icon: "grids", run: () => sendTo("grids", { request }) },
    isPicture && { label: t("gallery.to_canvas"), icon: "canvas", run: () => send("canvas", picture) },
    isPicture && { label: t("gallery.to_control"), icon: "layers", run: () => send("draw", picture) },
    { label: t("gallery.to_film"), icon: "films", run: () => send("films/new/animate", picture) },
  ];
  return html`<aside class="gallery-info" aria-label=${t("gallery.info")}>
    <${Rating} picture=${picture} />
    <div class="gallery-acts">
      <${Button} kind="primary" icon="retry" title=${t("gallery.again.about")} disabled=${!request} onClick=${() => again(recipe)}>${t("common.again")}<//>
      <${Button} icon="dice" title=${t("gallery.variation.about")} disabled=${!request} onClick=${() => variation(recipe)}>${t("gallery.variation")}<//>
      <${Menu} label=${t("gallery.send")} icon="external" text=${t("gallery.send")} items=${sends} />
      <${Verify} picture=${picture} disabled=${!recipe?.recipe} />
    </div>
    ${error && html`<p class="note">${error}</p>`}
    ${(recipe ?? error) && html`<${Said} told=${recipe ?? picture} size=${`${picture.width} × ${picture.height}`} />`}
    <dl class="gallery-facts gallery-file">
      <div><dt>${t("gallery.date")}</dt><dd>${date(picture.created)}</dd></div>
      <div><dt>${t("gallery.file")}</dt><dd>${picture.name}</dd></div>
      ${picture.bytes > 0 && html`<div><dt>${t("gallery.bytes")}</dt><dd>${bytes(picture.bytes)}</dd></div>`}
    </dl>
  </aside>`;
}

/** Five stars to click. @param {{picture: any}} props */
function Rating({ picture }) {
  return html`<div class="gallery-rating" role="radiogroup" aria-label=${t("gallery.rating")}>
    ${[1, 2, 3, 4, 5].map((value) => {
      const isSet = value <= picture.rating;
      return html`<button type="button" role="radio" class=${isSet ? "gallery-rating-set" : ""} aria-checked=${value === picture.rating} aria-label=${t("gallery.rated", { count: value })}
        onClick=${() => mark([picture.id], { rating: value === picture.rating ? 0 : value })}>${isSet ? "★" : "☆"}</button>`;
    })}
  </div>`;
}
