// Watches the index while the page is looked at, so that products show up as they arrive.

import { ready } from "./api.js";

const INTERVAL_MS = 1500;
const CALM_INTERVAL_MS = 5000;
const CALM_AFTER = 40; // looks without a change

/** Call `looked(points, before)` after each look that was answered; `before` is null at the first. */
export function watch(looked) {
  let before = null;
  let unchanged = 0;
  let timer;

  async function look() {
    try {
      const { points } = await ready();
      unchanged = points === before ? unchanged + 1 : 0;
      await looked(points, before);
      before = points;
    } catch {
      unchanged = 0; // not ready: the search itself says so
    }
    schedule();
  }

  function schedule() {
    clearTimeout(timer);
    if (!document.hidden) timer = setTimeout(look, unchanged < CALM_AFTER ? INTERVAL_MS : CALM_INTERVAL_MS);
  }

  document.addEventListener("visibilitychange", () => {
    clearTimeout(timer);
    if (!document.hidden) look();
  });
  if (!document.hidden) look();
}
