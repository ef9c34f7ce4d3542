// The keys of the review page. Without this script every action is a form or a link; it only presses them.
"use strict";
(() => {
  let leaving = false;
  const edit = document.getElementById("edit");

  const isField = (target) => target instanceof Element && target.closest("input, textarea, select") !== null;

  function openEdit() {
    edit.open = true;
    const field = edit.querySelector("textarea");
    field.focus();
    edit.scrollIntoView({ block: "start" });
  }

  function press(key) {
    if (key === "e" && edit) return openEdit();
    if (key === "r" && document.getElementById("reason")) return document.getElementById("reason").focus();
    const wanted = document.querySelector(`[data-key="${CSS.escape(key)}"]`);
    if (!wanted || wanted.disabled) return;
    if (wanted.tagName === "A") leaving = true;
    wanted.click();
  }

  document.addEventListener("keydown", (event) => {
    const field = isField(event.target);
    if (event.key === "Escape" && field) return event.target.blur();
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && field && event.target.form?.id === "edit-form") return event.target.form.requestSubmit();
    if (field || leaving || event.repeat || event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return;
    const key = event.key.toLowerCase();
    if (/^[a-z1-9]$/.test(key) && document.querySelector(`[data-key="${CSS.escape(key)}"]`)) {
      event.preventDefault();
      press(key);
    }
  });

  document.getElementById("to-edit")?.addEventListener("click", (event) => {
    event.preventDefault();
    openEdit();
  });

  // A key that is pressed while a verdict is on its way was meant for the page that comes.
  document.addEventListener("submit", () => { leaving = true; });

  // A page that the browser kept (back, forward) is alive again.
  addEventListener("pageshow", () => { leaving = false; });

  if (edit?.open) edit.scrollIntoView({ block: "start" });
})();
