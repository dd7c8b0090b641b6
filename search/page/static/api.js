// Everything that is asked of the API, and its errors (RFC 9457) as one kind of exception.

export class Problem extends Error {
  constructor(status, { title = "", detail = "", errors = [] } = {}, retrySeconds = 0) {
    super(detail || title);
    Object.assign(this, { status, detail, errors, retrySeconds });
  }

  get ours() { // found out here, before anything was sent
    return this.status === 415;
  }

  get passing() { // an outage, an overload, a network that is away: the same request may work in a moment
    return this.status === 0 || this.status === 429 || this.status >= 500;
  }
}

async function call(url, options = {}) {
  let response;
  try {
    response = await fetch(url, options);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Problem(0, { detail: "The server does not answer." });
  }
  if (response.ok) return response;
  if (response.status === 401) location.reload(); // the key is gone: the server asks for another
  const body = await response.json().catch(() => ({ title: response.statusText }));
  throw new Problem(response.status, body, Number(response.headers.get("Retry-After")) || 0);
}

function milliseconds(response) {
  const total = /\btotal;dur=([\d.]+)/.exec(response.headers.get("Server-Timing") ?? "");
  return total && Number(total[1]);
}

export async function search(request, picture = null, signal = undefined) {
  const options = { method: "POST", signal };
  if (picture) {
    options.body = new FormData();
    options.body.append("request", JSON.stringify(request));
    options.body.append("image", picture, "picture");
  } else {
    options.headers = { "Content-Type": "application/json" };
    options.body = JSON.stringify(request);
  }
  const response = await call("/v1/search", options);
  return { answer: await response.json(), milliseconds: milliseconds(response) };
}

export async function suggest(text, signal = undefined) {
  const response = await call(`/v1/suggest?${new URLSearchParams({ q: text })}`, { signal });
  return (await response.json()).suggestions;
}

export async function ready() {
  return (await call("/readyz", { cache: "no-store" })).json();
}

export async function product(id) {
  return (await (await call(`/v1/products/${encodeURIComponent(id)}`)).json()).product;
}

export function picturePath(id) {
  return `/v1/pictures/0/${encodeURIComponent(id)}`;
}
