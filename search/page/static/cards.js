// The cards: those that stay keep their elements, so that pictures do not flicker and the keyboard keeps its place.
// Data goes into the page as text and attributes only, never as HTML.

import { picturePath } from "./api.js";
import { like, urlOf } from "./address.js";
import { priceText } from "./format.js";

const grid = document.getElementById("grid");
const blank = document.getElementById("card").content.firstElementChild;

export function webLink(url) {
  try {
    return ["http:", "https:"].includes(new URL(url).protocol) ? url : null;
  } catch {
    return null;
  }
}

function setLink(anchor, url) {
  if (url) {
    anchor.href = url;
    anchor.rel = "noopener noreferrer";
  } else {
    anchor.removeAttribute("href");
    anchor.removeAttribute("rel");
  }
}

function soldOut({ stock, in_stock: inStock }) {
  return typeof stock === "number" ? stock <= 0 : inStock === false;
}

function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

function fill(card, product, params) {
  const part = (name) => card.querySelector(`.${name}`);
  const title = product.title || product.id;
  const link = webLink(product.url);
  const similar = urlOf(like(params, product.id));
  setText(part("title").firstElementChild, title);
  part("title").lang = product.language ?? "";
  if (!product.language) part("title").removeAttribute("lang");
  setText(part("brand"), product.brand ?? "");
  setText(part("category"), (product.category ?? "").split(" > ").at(-1));
  setText(part("price"), priceText(product.price, product.currency));
  part("badge").hidden = !soldOut(product);
  setLink(part("title").firstElementChild, link);
  setLink(part("picture"), link ?? similar);
  part("picture").toggleAttribute("data-fresh", !link);
  part("similar").href = similar;
  part("similar").setAttribute("aria-label", `Similar to ${title}`);
}

function make(product) {
  const card = blank.cloneNode(true);
  card.dataset.id = product.id;
  card.querySelector("img").src = picturePath(product.id);
  return card;
}

export function drawCards(products, params, { arriving = false } = {}) {
  const there = new Map([...grid.children].map((card) => [card.dataset.id, card]));
  const focused = document.activeElement;
  const cards = products.map((product) => {
    const known = there.get(product.id);
    const card = known ?? make(product);
    card.classList.toggle("fresh", arriving && !known);
    fill(card, product, params);
    return card;
  });
  const staying = new Set(cards);
  for (const card of there.values()) if (!staying.has(card)) card.remove();
  cards.forEach((card, place) => {
    if (grid.children[place] !== card) grid.insertBefore(card, grid.children[place] ?? null);
  });
  if (focused !== document.activeElement && grid.contains(focused)) focused.focus({ preventScroll: true });
}

export function titleOf(id) {
  const card = [...grid.children].find((one) => one.dataset.id === id);
  return card?.querySelector(".title").textContent.trim();
}

// A picture that is not there leaves the empty window behind it (page.css), and a chip without one.
function bare(image) {
  image.closest(".picture")?.classList.add("bare");
  if (image.closest(".chip")) image.hidden = true;
}

document.addEventListener("error", ({ target }) => target instanceof HTMLImageElement && bare(target), true);
for (const image of document.images) if (image.src && image.complete && !image.naturalWidth) bare(image);
