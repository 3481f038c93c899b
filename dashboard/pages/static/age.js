// Ages that tick in the browser, so that they count on when the server is silent.
// An element's data-age is "SECONDS;TURN": how old the figure was when it was sent, and a number that changes with each
// sending. data-words holds what to write around the seconds.
const ages = new WeakMap();
const words = (seconds, element) => {
  const [second, minute, hour] = element.dataset.units.split("|");
  const whole = Math.floor(seconds);
  if (seconds < 60) return `${whole} ${second}`;
  if (seconds < 3600) return `${Math.floor(whole / 60)} ${minute} ${whole % 60} ${second}`;
  return `${Math.floor(whole / 3600)} ${hour} ${Math.floor(whole / 60) % 60} ${minute}`;
};
setInterval(() => {
  for (const element of document.querySelectorAll("[data-age]")) {
    const sent = element.dataset.age;
    let known = ages.get(element);
    if (!known || known.sent !== sent) ages.set(element, (known = { sent, arrived: performance.now() }));
    const [base] = sent.split(";");
    const unknown = base === "";
    const seconds = unknown ? 0 : Number(base) + (performance.now() - known.arrived) / 1000;
    const text = unknown ? element.dataset.never : element.dataset.words.replace("#", words(seconds, element));
    if (element.textContent !== text) element.textContent = text;
    element.classList.toggle("old", !unknown && seconds >= 5 && seconds < 30);
    element.classList.toggle("stale", !unknown && seconds >= 30);
  }
}, 250);
