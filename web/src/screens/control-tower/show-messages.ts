/** The panel that a link on a card fills is further down the page. */
export function showMessages(): void {
  const heading = document.getElementById("messages-title");
  if (!heading) return;
  reveal(heading, "start");
}

/** Brings something into view and gives it the focus, so that keyboards go on from there. */
export function reveal(element: HTMLElement, block: ScrollLogicalPosition): void {
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
  element.scrollIntoView({ block, behavior: still ? "auto" : "smooth" });
  element.focus({ preventScroll: true });
}
