// What may be meant while somebody types, offered by the browser's own list below the field.

import { Problem, suggest } from "./api.js";

const TYPING_MS = 60;

/** Fill `list` with completions of what is typed into `field`; without an answer the last ones stay. */
export function complete(field, list) {
  let timer;
  let running = null;

  async function ask() {
    running?.abort();
    const own = new AbortController();
    running = own;
    try {
      const found = field.value.trim() ? await suggest(field.value, own.signal) : [];
      if (!own.signal.aborted) list.replaceChildren(...found.map(option));
    } catch (error) {
      if (!own.signal.aborted && !(error instanceof Problem)) throw error;
    }
  }

  const soon = () => {
    clearTimeout(timer);
    timer = setTimeout(ask, TYPING_MS);
  };
  field.addEventListener("input", (event) => !event.isComposing && soon());
  field.addEventListener("compositionend", soon);
}

function option({ text, kind, count }) {
  const made = document.createElement("option");
  made.value = text;
  if (kind !== "title") made.label = `${text} · ${kind} of ${count}`;
  return made;
}
