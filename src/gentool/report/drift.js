// The filters above the list of queries, kept in the address after "#queries". Without JavaScript the whole list shows.
"use strict";
(() => {
  const byId = (id) => document.getElementById(id);
  const form = byId("filters");
  const fields = [...form.elements].filter((field) => field.name);
  const items = [...byId("list").children];
  const texts = new Map();

  function textOf(item) {
    if (!texts.has(item)) texts.set(item, item.textContent.toLowerCase());
    return texts.get(item);
  }

  function passesOutcome(item, wanted) {
    if (wanted === "moved") return item.dataset.moved === "yes";
    if (wanted === "regression") return item.dataset.regression === "yes";
    return !wanted || item.dataset.outcome === wanted;
  }

  function passes(item, chosen) {
    return passesOutcome(item, chosen.outcome)
      && (!chosen.tool || item.dataset.tools.split("\n").includes(chosen.tool))
      && chosen.q.toLowerCase().split(/\s+/).every((word) => textOf(item).includes(word));
  }

  function filter() {
    const chosen = Object.fromEntries(fields.map((field) => [field.name, field.value.trim()]));
    let shown = 0;
    for (const item of items) {
      item.hidden = !passes(item, chosen);
      shown += !item.hidden;
    }
    byId("count").textContent = shown.toLocaleString("en") + " of " + items.length.toLocaleString("en") + " queries";
    byId("count").dataset.count = shown;
  }

  function keepAddress() {
    const parts = fields.map((field) => field.name + "=" + encodeURIComponent(field.value.trim()));
    history.replaceState(null, "", "#" + ["queries", ...parts].join("&"));
  }

  function readAddress() {
    const [section, ...parts] = location.hash.slice(1).split("&");
    if (section !== "queries" || !parts.length) return false;
    const values = new URLSearchParams(parts.join("&"));
    for (const field of fields) {
      field.value = values.get(field.name) || "";
      if (field.selectedIndex === -1) field.value = "";
    }
    return true;
  }

  function follow() {
    const found = readAddress();
    filter();
    if (!found) return;
    byId("queries").scrollIntoView();
    byId("queries-title").focus({ preventScroll: true });
  }

  form.addEventListener("input", () => { filter(); keepAddress(); });
  form.addEventListener("submit", (event) => event.preventDefault());
  window.addEventListener("hashchange", follow);
  document.addEventListener("click", (event) => {
    // A link to the address that is already there changes no hash, yet it must lead to the queries.
    const anchor = event.target.closest("a[href^='#queries&']");
    if (anchor && anchor.hash === location.hash) follow();
  });
  window.addEventListener("beforeprint", () => items.forEach((item) => { item.firstElementChild.open = !item.hidden; }));

  form.hidden = false;
  follow();
})();
