// Numbers in words, in the language of the page: the same ones that the server writes.

const language = document.documentElement.lang;
const whole = new Intl.NumberFormat(language);

export function priceText(price, currency) {
  if (typeof price !== "number") return "";
  const plain = { minimumFractionDigits: 2, maximumFractionDigits: 2 };
  try {
    const style = currency ? { style: "currency", currency } : plain;
    return new Intl.NumberFormat(language, style).format(price);
  } catch {
    return `${new Intl.NumberFormat(language, plain).format(price)}\u00a0${currency}`; // no ISO 4217 code
  }
}

export function productsText(number, exact = true) {
  return `${whole.format(number)}${exact ? "" : "+"} product${number === 1 && exact ? "" : "s"}`;
}

export function summaryText({ total }, milliseconds) {
  const time = milliseconds === null ? "" : ` · ${Math.max(1, Math.round(milliseconds))} ms`;
  return productsText(total.value, total.exact) + time;
}
