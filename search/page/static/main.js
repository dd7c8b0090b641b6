// The page, made lively: what is typed, chosen, dropped or clicked becomes one search, and the answer is drawn in place.

import { product, Problem, search } from "./api.js";
import { isBrowsing, paramsOf, requestOf, showsEverything, urlOf, without } from "./address.js";
import { drawCards, titleOf } from "./cards.js";
import { complete } from "./completions.js";
import { drawChips, drawChoices, tick } from "./filters.js";
import { productsText } from "./format.js";
import { watch } from "./live.js";
import { listen, prepare } from "./picture.js";
import * as view from "./view.js";

const TYPING_MS = 200;
const NEAR_TOP_PX = 80;
const form = document.getElementById("search");
const words = document.getElementById("words");
const pictures = []; // those of this visit; an entry of the history has the place of its own
const titles = new Map();
let params = new URLSearchParams(location.search);
let picture = pictures[history.state?.picture] ?? null;
let running = null; // the controller of the search under way
let typing;
let retrying;

// One search: the newest wins, an older one is dropped.

async function run({ arriving = false } = {}) {
  running?.abort();
  clearTimeout(retrying);
  const own = new AbortController();
  running = own;
  const now = { params, picture };
  if (!arriving) view.setBusy();
  try {
    const found = await search(requestOf(now.params), now.picture?.file, own.signal);
    const title = await similarTitle(now.params.get("similar"));
    if (!own.signal.aborted) draw(now, found, title, arriving);
  } catch (error) {
    if (own.signal.aborted) return;
    if (!(error instanceof Problem)) throw error;
    fail(now, error);
  } finally {
    if (running === own) {
      running = null;
      view.setIdle();
    }
  }
}

function draw(now, { answer, milliseconds }, title, arriving) {
  const products = answer.hits.map((hit) => hit.product);
  for (const { id, title: name } of products) titles.set(id, name);
  const heading = view.drawHeading(now.params, now.picture, title);
  view.drawNotice(null);
  view.drawSummary(answer, milliseconds);
  view.drawCorrected(answer.corrected, now.params);
  view.drawEmpty(answer, now.params, now.picture);
  view.drawPager(answer.page, now.params);
  drawCards(products, now.params, { arriving });
  drawChoices(answer.facets, now.params);
  drawChips(now.params, now.picture, title);
  if (!arriving) view.speak(`${heading}: ${productsText(answer.total.value, answer.total.exact)}`);
}

/** Say what went wrong: what may pass is tried again, and until then what was found before stays. */
function fail(now, problem) {
  const title = titles.get(now.params.get("similar")) ?? now.params.get("similar");
  view.drawNotice(problem);
  drawChips(now.params, now.picture, title);
  if (problem.passing) {
    retrying = setTimeout(run, 1000 * Math.max(2, problem.retrySeconds));
  } else if (!problem.ours) {
    view.drawHeading(now.params, now.picture, title);
    view.drawNothing();
    drawCards([], now.params);
  }
}

async function similarTitle(id) {
  if (id && !titles.has(id)) titles.set(id, titleOf(id) ?? (await product(id).catch(() => null))?.title);
  return titles.get(id) ?? id;
}

// Where we are: the address has it all but the picture, which the history remembers by its place.

function remember(how) {
  const place = pictures.indexOf(picture);
  const state = { picture: place < 0 ? null : place };
  const same = urlOf(params) === location.pathname + location.search && state.picture === (history.state?.picture ?? null);
  history[same ? "replaceState" : how](state, "", urlOf(params));
}

function fillForm() {
  for (const name of ["q", "similar", "limit", "sort", "price_min", "price_max"]) {
    form.elements.namedItem(name).value = params.get(name) ?? "";
  }
  form.elements.namedItem("in_stock").checked = ["true", "1", "on", "yes"].includes(params.get("in_stock"));
  tick(params);
}

function go(next, keep) {
  clearTimeout(typing);
  params = next;
  picture = keep;
  remember("pushState");
  fillForm();
  return run();
}

function changed(how) {
  clearTimeout(typing);
  const before = params;
  params = paramsOf(form);
  if (before.has("spelling") && before.get("q") === params.get("q")) params.set("spelling", before.get("spelling"));
  remember(how);
  run();
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  changed("pushState");
});

words.addEventListener("input", (event) => {
  clearTimeout(typing);
  if (!event.isComposing) typing = setTimeout(changed, TYPING_MS, "replaceState");
});
complete(words, document.getElementById("completions"));
words.addEventListener("compositionend", () => {
  clearTimeout(typing);
  typing = setTimeout(changed, TYPING_MS, "replaceState");
});

document.addEventListener("input", ({ target }) => {
  if (target.form !== form || target === words || target.type === "file") return;
  clearTimeout(typing);
  if (target.type === "number") typing = setTimeout(changed, 2 * TYPING_MS, "replaceState");
  else changed("pushState");
});

// A link to this page, be it a chip, a page number or "Similar", is followed without leaving it.
document.addEventListener("click", (event) => {
  const link = event.target.closest?.("a[href]");
  const plain = event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey;
  if (!link || !plain || link.origin !== location.origin || link.pathname !== "/" || link.hash) return;
  event.preventDefault();
  go(new URLSearchParams(link.search), "fresh" in link.dataset ? null : picture);
  if (!link.closest("#chips")) scrollTo({ top: 0 });
  document.getElementById("results").focus({ preventScroll: true }); // the link itself may be gone in a moment
});

addEventListener("popstate", ({ state }) => {
  clearTimeout(typing);
  params = new URLSearchParams(location.search);
  picture = pictures[state?.picture] ?? null;
  fillForm();
  run();
});

// The choices are shut by Escape and by a click elsewhere.
const closeFilters = (but) => {
  for (const filter of document.querySelectorAll(".filter[open]")) if (filter !== but) filter.open = false;
};
document.addEventListener("click", ({ target }) => closeFilters(target.closest?.(".filter")));
document.addEventListener("keydown", ({ key }) => {
  const open = document.querySelector(".filter[open]");
  if (key !== "Escape" || !open) return;
  closeFilters();
  open.querySelector("summary").focus();
});

const refuse = (detail) => fail({ params, picture }, new Problem(415, { detail }));

listen(async (file) => {
  const prepared = await prepare(file);
  if (!prepared) {
    refuse("This browser cannot read that picture. JPEG, PNG and WebP will do.");
    return;
  }
  pictures.push(prepared);
  scrollTo({ top: 0 });
  await go(without(params, []), prepared);
}, () => refuse("That is no picture. Drop a JPEG, PNG or WebP file."));

// What has arrived is shown at once where it disturbs nobody: while browsing, or at the top of what was found.
watch(async (points, before) => {
  view.setGrowing(before !== null && points !== before);
  if (points === before) return;
  const { answer } = await search({ limit: 1, fields: ["id"] });
  const differs = view.drawCount(answer.total.products);
  const stale = before === null ? differs && showsEverything(params) : true;
  const browsing = isBrowsing(params) && !picture;
  if (stale && !running && !view.isNoticed() && (browsing || scrollY < NEAR_TOP_PX)) await run({ arriving: true });
});

if (view.retrySeconds()) retrying = setTimeout(run, 1000 * view.retrySeconds());
