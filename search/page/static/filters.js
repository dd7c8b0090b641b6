// The choices of category and brand, taken from what has been shown for the same query; and the chips.

import { picturePath } from "./api.js";
import { urlOf, without } from "./address.js";

const blankChoice = document.getElementById("choice").content.firstElementChild;
const blankChip = document.getElementById("chip").content.firstElementChild;
const chips = document.getElementById("chips");
const lists = [...document.querySelectorAll("[data-choices]")];
const seen = new Map(lists.map((list) => [list.dataset.choices, new Set(valuesOf(list))]));
let seenFor = null;

function valuesOf(list) {
  return [...list.querySelectorAll("input")].map((input) => input.value);
}

const SEPARATOR = " > ";

function branches(category) {
  const parts = category.split(SEPARATOR);
  return parts.map((_, depth) => parts.slice(0, depth + 1).join(SEPARATOR));
}

const spelled = {
  category: { values: branches, label: (value) => value.split(SEPARATOR).at(-1), key: (value) => value },
  brand: { values: (value) => [value], label: (value) => value, key: (value) => value.toLocaleLowerCase() },
};

/** Offer what `products` have, what was offered for the same `query` before, and what is chosen. */
export function drawChoices(products, params, query) {
  if (seenFor !== null && seenFor !== query) for (const values of seen.values()) values.clear();
  seenFor = query;
  for (const list of lists) {
    const name = list.dataset.choices;
    const { values, label, key } = spelled[name];
    const chosen = params.getAll(name);
    const shown = products.map((product) => product[name]).filter(Boolean);
    for (const value of [...shown, ...chosen].flatMap(values)) seen.get(name).add(value);
    const there = new Map([...list.children].map((choice) => [choice.querySelector("input").value, choice]));
    const ordered = [...seen.get(name)].sort((one, other) => (key(one) < key(other) ? -1 : 1));
    for (const [value, choice] of there) if (!seen.get(name).has(value)) choice.remove();
    ordered.forEach((value, place) => {
      const choice = there.get(value) ?? makeChoice(name, value, label(value));
      choice.querySelector("input").checked = chosen.includes(value);
      if (list.children[place] !== choice) list.insertBefore(choice, list.children[place] ?? null);
    });
    list.closest("details").querySelector(".tally").textContent = chosen.length || "";
  }
}

function makeChoice(name, value, label) {
  const choice = blankChoice.cloneNode(true);
  const input = choice.querySelector("input");
  Object.assign(input, { name, value });
  choice.querySelector("span").textContent = label;
  if (name === "category" && value.includes(SEPARATOR)) choice.classList.add(`depth-${branches(value).length - 1}`);
  return choice;
}

function chip(label, url, image = null) {
  const item = blankChip.cloneNode(true);
  const link = item.querySelector("a");
  link.href = url;
  link.querySelector("span").textContent = label;
  const picture = link.querySelector("img");
  picture.hidden = !image;
  if (image) picture.src = image;
  return item;
}

function priceLabel(low, high) {
  if (low && high) return `Price ${low} – ${high}`;
  return low ? `Price from ${low}` : `Price up to ${high}`;
}

export function drawChips(params, picture, similarTitle) {
  const drawn = [];
  if (picture) {
    const item = chip("Your picture", urlOf(without(params, [])), picture.thumbnail);
    item.querySelector("a").dataset.fresh = ""; // a picture is in no address: leaving it is starting without it
    drawn.push(item);
  }
  const similar = params.get("similar");
  if (similar) drawn.push(chip(`Like ${similarTitle}`, urlOf(without(params, ["similar"])), picturePath(similar)));
  for (const name of ["category", "brand"]) {
    for (const value of params.getAll(name)) drawn.push(chip(value, urlOf(without(params, [name], value))));
  }
  const [low, high] = [params.get("price_min"), params.get("price_max")];
  if (low || high) drawn.push(chip(priceLabel(low, high), urlOf(without(params, ["price_min", "price_max"]))));
  const inStock = params.get("in_stock");
  if (inStock) drawn.push(chip(inStock === "false" ? "Out of stock" : "In stock", urlOf(without(params, ["in_stock"]))));
  if (drawn.length) drawn.push(clearAll());
  chips.replaceChildren(...drawn);
}

function clearAll() {
  const item = document.createElement("li");
  const link = document.createElement("a");
  Object.assign(link, { className: "clear", href: "/", textContent: "Clear all" });
  link.dataset.fresh = "";
  item.append(link);
  return item;
}
