// What is looked for, as parameters of the page's address; the same names that the server reads (address.py).

const LISTS = ["category", "brand"];
const NARROWING = ["q", "similar", "price_min", "price_max", "in_stock", ...LISTS];
const FACETS = ["category", "brand", "price"];
const FIELDS = ["id", "title", "brand", "category", "price", "currency", "stock", "in_stock", "url", "language"];
const PAGE_SIZE = 60; // full rows of two to six cards

export function paramsOf(form) {
  const given = [...new FormData(form)].filter(([, value]) => typeof value === "string" && value.trim());
  return new URLSearchParams(given);
}

export function urlOf(params) {
  const text = params.toString();
  return text ? `/?${text}` : "/";
}

export function isBrowsing(params) {
  return !params.get("q") && !params.get("similar");
}

export function showsEverything(params) {
  return !NARROWING.some((name) => params.has(name));
}

export function without(params, names, value = undefined) {
  const leaves = ([name, given]) => name === "page" || (names.includes(name) && (value ?? given) === given);
  return new URLSearchParams([...params].filter((pair) => !leaves(pair)));
}

export function like(params, id) {
  const found = without(params, ["q", "similar"]);
  found.set("similar", id);
  return found;
}

export function asTyped(params) {
  const other = without(params, ["spelling"]);
  other.set("spelling", "off");
  return other;
}

export function atPage(params, number) {
  const other = without(params, []);
  if (number > 1) other.set("page", number);
  return other;
}

export function requestOf(params) {
  const price = {};
  for (const [bound, name] of [["gte", "price_min"], ["lte", "price_max"]]) {
    const number = Number(params.get(name));
    if (params.get(name) && Number.isFinite(number)) price[bound] = number;
  }
  const filter = {};
  for (const name of LISTS) if (params.has(name)) filter[name] = params.getAll(name);
  if (Object.keys(price).length) filter.price = price;
  if (params.get("in_stock")) filter.in_stock = params.get("in_stock") !== "false";
  const words = params.get("q")?.trim();
  return {
    ...(words && { text: words }),
    terms: params.get("similar") ? [{ product: params.get("similar") }] : [],
    filter,
    fields: FIELDS,
    ...(params.get("spelling") === "off" && { spelling: "off" }),
    facets: FACETS,
    ...(params.get("sort") && { sort: params.get("sort") }),
    limit: Number(params.get("limit")) || PAGE_SIZE,
    page: Number(params.get("page")) || 1,
  };
}
