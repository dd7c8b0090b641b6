// The choices of category, brand and price, as the facets of the answer count them; and the chips.

import { picturePath } from "./api.js";
import { urlOf, without } from "./address.js";
import { countText } from "./format.js";

const blankChoice = document.getElementById("choice").content.firstElementChild;
const blankChip = document.getElementById("chip").content.firstElementChild;
const chips = document.getElementById("chips");
const lists = [...document.querySelectorAll("[data-choices]")];
const SEPARATOR = " > ";

const path = (value) => value.split(SEPARATOR).join("\u0000"); // what lies below comes next, whatever else begins alike
const asTree = ([one], [other]) => (path(one) < path(other) ? -1 : 1);
const byCount = ([one, ones], [other, others]) => others - ones || one.toLowerCase().localeCompare(other.toLowerCase());
const orders = { category: asTree, brand: byCount };

/** Offer what the facets count, and what is chosen. */
export function drawChoices(facets, params) {
  for (const list of lists) {
    const name = list.dataset.choices;
    const chosen = params.getAll(name);
    const counts = new Map(chosen.map((value) => [value, 0]));
    for (const { value, count } of facets[name].values) counts.set(value, count);
    const there = new Map([...list.children].map((choice) => [choice.querySelector("input").value, choice]));
    for (const [value, choice] of there) if (!counts.has(value)) choice.remove();
    [...counts].sort(orders[name]).forEach(([value, count], place) => {
      const choice = there.get(value) ?? makeChoice(name, value);
      choice.querySelector("small").textContent = countText(count);
      if (list.children[place] !== choice) list.insertBefore(choice, list.children[place] ?? null);
    });
  }
  tick(params);
  for (const [bound, name] of [["min", "price_min"], ["max", "price_max"]]) {
    document.querySelector(`[name=${name}]`).placeholder = facets.price[bound] ?? "";
  }
}

/** Show what is chosen, of what is offered. */
export function tick(params) {
  for (const list of lists) {
    const chosen = params.getAll(list.dataset.choices);
    for (const input of list.querySelectorAll("input")) input.checked = chosen.includes(input.value);
    list.closest("details").querySelector(".tally").textContent = chosen.length || "";
  }
}

function makeChoice(name, value) {
  const choice = blankChoice.cloneNode(true);
  Object.assign(choice.querySelector("input"), { name, value });
  const parts = name === "category" ? value.split(SEPARATOR) : [value];
  choice.querySelector("span").textContent = parts.at(-1);
  if (parts.length > 1) choice.classList.add(`depth-${parts.length - 1}`);
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
