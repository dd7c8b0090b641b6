// What stands around the cards: heading, summary, pages, notices, and that something is on its way.

import { asTyped, atPage, showsEverything, urlOf } from "./address.js";
import { productsText, summaryText } from "./format.js";

const part = (id) => document.getElementById(id);
const results = part("results");
const BUSY_AFTER_MS = 150;
const SPOKEN_AFTER_MS = 700;
let busyTimer;
let spokenTimer;

export function setBusy() {
  clearTimeout(busyTimer);
  busyTimer = setTimeout(() => results.setAttribute("aria-busy", "true"), BUSY_AFTER_MS);
}

export function setIdle() {
  clearTimeout(busyTimer);
  results.removeAttribute("aria-busy");
}

export function speak(text) {
  clearTimeout(spokenTimer);
  spokenTimer = setTimeout(() => { part("spoken").textContent = text; }, SPOKEN_AFTER_MS);
}

export function drawHeading(params, picture, similarTitle) {
  const parts = [];
  if (picture) parts.push("Like your picture");
  if (params.get("similar")) parts.push(`Like ${similarTitle}`);
  if (params.get("q")?.trim()) parts.push(`“${params.get("q").trim()}”`);
  const heading = parts.join(", ") || "In the window";
  part("heading").textContent = heading;
  document.title = showsEverything(params) && !picture ? "Vitrine" : `${heading} – Vitrine`;
  return heading;
}

export function drawSummary(answer, milliseconds) {
  part("summary").textContent = answer ? summaryText(answer, milliseconds) : "";
}

/** Say which words were searched for instead of those that were typed, and offer these. */
export function drawCorrected(corrected, params) {
  const line = part("corrected");
  line.hidden = !corrected;
  if (!corrected) return;
  line.querySelector("b").textContent = corrected.text;
  line.querySelector("span").textContent = corrected.original;
  line.querySelector("a").href = urlOf(asTyped(params));
}

/** Show how much the whole catalogue holds; return whether it said something else before. */
export function drawCount(products) {
  const before = part("count").textContent;
  part("count").textContent = productsText(products);
  part("count").parentElement.hidden = false;
  return before !== part("count").textContent;
}

export function setGrowing(growing) {
  part("count").parentElement.classList.toggle("growing", growing);
}

export function drawNothing() {
  for (const id of ["vacant", "nothing", "pager"]) part(id).hidden = true;
  drawSummary(null);
  drawCorrected(null);
}

export function isNoticed() {
  return !part("notice").hidden;
}

/** Seconds after which what the server could not answer is to be asked again; 0: never. */
export function retrySeconds() {
  return Number(part("notice").dataset.retry);
}

export function drawEmpty(answer, params, picture) {
  const everything = showsEverything(params) && !picture;
  part("vacant").hidden = answer.hits.length > 0 || !everything;
  part("nothing").hidden = answer.hits.length > 0 || everything;
}

export function drawPager({ number, pages }, params) {
  const pager = part("pager");
  pager.hidden = pages <= 1 || number > pages;
  if (pager.hidden) return;
  const near = [1, number - 1, number, number + 1, pages].filter((one) => one >= 1 && one <= pages);
  const items = [];
  let before = 0;
  for (const one of [...new Set(near)].sort((a, b) => a - b)) {
    if (one - before > 1) items.push(listItem("…"));
    items.push(listItem(pageLink(one, one === number, params)));
    before = one;
  }
  pager.querySelector("ol").replaceChildren(...items);
  setPage(pager.querySelector("[rel=prev]"), number > 1 && atPage(params, number - 1));
  setPage(pager.querySelector("[rel=next]"), number < pages && atPage(params, number + 1));
}

function setPage(link, params) {
  if (params) link.href = urlOf(params);
  else link.removeAttribute("href");
}

function listItem(content) {
  const item = document.createElement("li");
  item.append(content);
  return item;
}

function pageLink(number, current, params) {
  const link = document.createElement("a");
  link.href = urlOf(atPage(params, number));
  link.textContent = number;
  if (current) link.setAttribute("aria-current", "page");
  return link;
}

export function drawNotice(problem) {
  const notice = part("notice");
  notice.hidden = !problem;
  if (!problem) return;
  notice.querySelector("h3").textContent = problem.passing ? "One moment, please" : "That did not work";
  notice.querySelector("p").textContent =
    problem.passing ? `This page tries again by itself. The reason given: ${problem.message.replace(/\.$/, "")}.` : problem.message;
  const culprits = problem.errors.filter(({ message }) => !problem.message.includes(message));
  notice.querySelector("ul").replaceChildren(...culprits.map(({ field, message }) => listItem(`${field}: ${message}`)));
  notice.querySelector(".go").hidden = problem.passing || problem.ours;
}
