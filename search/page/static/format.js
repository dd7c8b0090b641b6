// Numbers in words, in the language of the page: the same ones that the server writes.

const language = document.documentElement.lang;
const whole = new Intl.NumberFormat(language);
const WITHOUT_DECIMALS = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF";
const WITH_THREE = "BHD IQD JOD KWD LYD OMR TND"; // as ISO 4217 has it, on which browsers do not agree

function digitsOf(currency) {
  if (currency?.length === 3 && WITHOUT_DECIMALS.includes(currency.toUpperCase())) return 0;
  return currency?.length === 3 && WITH_THREE.includes(currency.toUpperCase()) ? 3 : 2;
}

function withDigits(digits) {
  return { minimumFractionDigits: digits, maximumFractionDigits: digits };
}

export function priceText(price, currency) {
  if (typeof price !== "number") return "";
  try {
    const style = currency ? { style: "currency", currency, ...withDigits(digitsOf(currency)) } : withDigits(2);
    return new Intl.NumberFormat(language, style).format(price);
  } catch {
    return `${new Intl.NumberFormat(language, withDigits(2)).format(price)}\u00a0${currency}`; // no ISO 4217 code
  }
}

export function countText(number) {
  return whole.format(number);
}

export function productsText(number, exact = true) {
  return `${whole.format(number)}${exact ? "" : "+"} product${number === 1 && exact ? "" : "s"}`;
}

export function summaryText({ total }, milliseconds) {
  const time = milliseconds === null ? "" : ` · ${Math.max(1, Math.round(milliseconds))} ms`;
  return productsText(total.value, total.exact) + time;
}
