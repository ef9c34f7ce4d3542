// The page's behaviour: the switch between metrics, and the list of examples with its filters, kept in the address after "#examples".
// Text of records enters the page through textContent alone.
"use strict";
(() => {
  const PAGE_SIZE = 20;
  const DEFAULT_TOOL = "generate_response";
  const byId = (id) => document.getElementById(id);
  const data = JSON.parse(byId("records").textContent);
  const words = JSON.parse(byId("words").textContent);
  const form = byId("filters");
  const fields = [...form.elements].filter((field) => field.name);
  let found = data.records;
  let page = 1;
  let opened = false;

  function make(tag, className, ...children) {
    const element = document.createElement(tag);
    if (className) element.className = className;
    element.append(...children.filter((child) => child !== null && child !== undefined));
    return element;
  }

  // --- the switch between metrics: all tables are on the page, one is shown ---
  function addSwitch() {
    const tables = [...document.querySelectorAll(".metric")];
    const box = document.querySelector(".switch");
    if (tables.length < 2) return;
    const show = (id) => tables.forEach((table) => {
      if (id === "all" || table.id === id) table.removeAttribute("hidden");
      else table.setAttribute("hidden", "until-found");
    });
    const add = (id, title) => {
      const input = make("input");
      Object.assign(input, { type: "radio", name: "metric", value: id, checked: id === tables[0].id });
      input.addEventListener("change", () => show(id));
      box.append(make("label", "", input, title));
      return input;
    };
    for (const table of tables) {
      const input = add(table.id, table.dataset.title);
      table.addEventListener("beforematch", () => { input.checked = true; show(table.id); });
    }
    add("all", "All");
    box.hidden = false;
    show(tables[0].id);
  }

  // --- filters ---
  function textOf(record) {
    if (record.text === undefined) {
      const example = data.examples[record.e];
      const names = example.tools.map((tool) => data.tools[tool].name);
      record.text = [example.id, example.pair, example.query, ...names, record.s, record.r, record.v.reason, record.v.reason_code].join("\n").toLowerCase();
    }
    return record.text;
  }

  function passesMeasure(verdict, measure) {
    const [metric, wanted] = measure.split(":");
    if (typeof verdict[metric] !== "boolean") return false;
    return wanted === undefined || verdict[metric] === (wanted === "right");
  }

  function passesError(verdict, wanted) {
    if (wanted === "right") return !verdict.error;
    if (wanted === "wrong") return Boolean(verdict.error);
    return verdict.error === wanted;
  }

  function passes(record, filters) {
    const example = data.examples[record.e];
    return (!filters.model || data.models[record.m] === filters.model)
      && (!filters.scenario || example.scenario === filters.scenario)
      && (!filters.kind || filters.kind.split(",").includes(example.kind))
      && (!filters.error || passesError(record.v, filters.error))
      && (!filters.pair || record.o === Number(filters.pair) - 1)
      && (!filters.measure || passesMeasure(record.v, filters.measure))
      && (!filters.q || filters.q.toLowerCase().split(/\s+/).every((word) => textOf(record).includes(word)));
  }

  const chosen = () => Object.fromEntries(fields.map((field) => [field.name, field.value.trim()]).filter(([, value]) => value));

  function address(filters, number) {
    const parts = Object.entries(filters).map(([key, value]) => key + "=" + encodeURIComponent(value));
    if (number > 1) parts.push("page=" + number);
    return "#" + ["examples", ...parts].join("&");
  }

  function readAddress() {
    const [section, ...parts] = location.hash.slice(1).split("&");
    if (section !== "examples" || !parts.length) return false;
    const values = new URLSearchParams(parts.join("&"));
    for (const field of fields) {
      field.value = values.get(field.name) || "";
      if (field.selectedIndex === -1) field.value = "";
    }
    filter(Number(values.get("page")) || 1);
    return true;
  }

  function filter(number) {
    const filters = chosen();
    found = data.records.filter((record) => passes(record, filters));
    showPage(number);
  }

  function showPage(number) {
    const pages = Math.max(1, Math.ceil(found.length / PAGE_SIZE));
    page = Math.min(Math.max(1, Math.floor(number)), pages);
    const start = (page - 1) * PAGE_SIZE;
    byId("list").replaceChildren(...found.slice(start, start + PAGE_SIZE).map(card));
    byId("count").textContent = found.length.toLocaleString("en") + " of " + data.records.length.toLocaleString("en") + " answers";
    byId("count").dataset.count = found.length;
    byId("page").textContent = "Page " + page.toLocaleString("en") + " of " + pages.toLocaleString("en");
    byId("previous").disabled = page === 1;
    byId("next").disabled = page === pages;
    document.querySelector(".pager").hidden = pages === 1;
  }

  function keepAddress() {
    history.replaceState(null, "", address(chosen(), page));
  }

  // --- one record ---
  function card(record) {
    const example = data.examples[record.e];
    const error = record.v.error;
    const badge = make("span", "badge " + (error ? "wrong" : "right"), error ? words.errors[error] : "Right");
    const scenario = (example.scenario || "no scenario").replace("_query_", " query, ").replaceAll("_", " ");
    const meta = make("span", "meta", [data.models[record.m], scenario, example.kind].join(" · "));
    const query = make("span", "query", example.query);
    query.dir = "auto";
    const details = make("details", "", make("summary", "", badge, " ", query, meta));
    details.addEventListener("toggle", () => { if (details.open) fill(details, record, example); });
    details.open = opened;
    if (opened) fill(details, record, example);
    const item = make("li", "", details);
    item.dataset.id = example.id;
    item.dataset.name = data.models[record.m];
    return item;
  }

  function fill(details, record, example) {
    if (details.children.length > 1) return;
    details.append(make("div", "record",
      ...part("Tools in the set", toolList(record, example)),
      ...part("Right answer", make("code", "", callText(example.answer))),
      ...part("Right ranking", rankingText(example.ranking)),
      ...part("Raw answer (call)", raw(record.s)),
      ...part("Raw answer (ranking)", raw(record.r)),
      ...part("Ranking as read", rankingText(record.v.ranked)),
      ...(record.v.by_scores ? part("Ranking by scores", rankingText(record.v.by_scores.ranked)) : []),
      ...part("Verdict", checks(record.v)),
      ...(record.v.reason ? part("Reason", make("p", "", record.v.reason_code ? make("code", "", record.v.reason_code) : null, " ", record.v.reason)) : []),
      ...(record.v.repairs ? part("Mended to read it", make("p", "", record.v.repairs.join("; "))) : []),
      ...part("Compare", links(example))));
  }

  const part = (title, content) => [make("h4", "", title), content];
  const raw = (text) => text === undefined ? make("p", "none", "not recorded") : make("pre", "raw", text || "(empty)");
  const callText = (call) => call.name + "(" + JSON.stringify(call.arguments || {}) + ")";
  const rankingText = (names) => names ? make("code", "", names.join(" > ")) : make("p", "none", "could not be read");

  function toolList(record, example) {
    const acceptable = (example.acceptable || []).map((call) => call.name);
    const entry = (name, description, signature, roles) => {
      const marks = [...roles, name === example.answer.name && "right answer", name !== example.answer.name && acceptable.includes(name) && "acceptable",
        name === record.v.selected && "chosen"].filter(Boolean);
      const shown = marks.map((mark) => make("span", "mark" + ({ "right answer": " answer", chosen: " chosen" }[mark] || ""), mark));
      return make("li", "", make("code", "", name), ...shown, signature ? make("div", "signature", make("code", "", signature)) : null, description ? make("p", "", description) : null);
    };
    const items = example.tools.map((position, place) => {
      const tool = data.tools[position];
      return entry(tool.name, tool.description, tool.parameters, [place === example.strong && "strong", place === example.weak && "weak"]);
    });
    return make("ol", "tools", ...items, entry(DEFAULT_TOOL, "Always available: no tool of the set serves the query.", "", []));
  }

  function checks(verdict) {
    const known = Object.entries(words.metrics).filter(([metric]) => typeof verdict[metric] === "boolean");
    return make("ul", "checks", ...known.map(([metric, title]) => make("li", "", title + ": ", make("b", verdict[metric] ? "yes" : "no", verdict[metric] ? "right" : "wrong"))));
  }

  function links(example) {
    const link = (text, query) => {
      const anchor = make("a", "", text);
      anchor.href = address({ q: query }, 1);
      return anchor;
    };
    return make("p", "", link("All models on this example", example.id), " · ", link("Both examples of this pair", example.pair));
  }

  // --- events ---
  let waiting = 0;
  form.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(() => { filter(1); keepAddress(); }, 120);
  });
  form.addEventListener("submit", (event) => event.preventDefault());
  byId("clear").addEventListener("click", () => { form.reset(); filter(1); keepAddress(); });
  byId("open").addEventListener("click", () => {
    opened = !opened;
    byId("open").setAttribute("aria-pressed", String(opened));
    showPage(page);
  });
  const turn = (step) => { showPage(page + step); keepAddress(); byId("examples-title").focus(); byId("count").scrollIntoView(); };
  byId("previous").addEventListener("click", () => turn(-1));
  byId("next").addEventListener("click", () => turn(1));
  const follow = () => {
    if (!readAddress()) return;
    byId("examples").scrollIntoView();
    byId("examples-title").focus({ preventScroll: true });
  };
  window.addEventListener("hashchange", follow);
  document.addEventListener("click", (event) => {
    // A link to the address that is already there changes no hash, yet it must lead to the examples.
    const anchor = event.target.closest("a[href^='#examples&']");
    if (anchor && anchor.hash === location.hash) follow();
  });
  window.addEventListener("beforeprint", () => document.querySelectorAll("#list details").forEach((details) => { details.open = true; }));

  addSwitch();
  byId("static").remove();
  form.hidden = false;
  filter(1);
  follow();
})();
