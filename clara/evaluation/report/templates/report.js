"use strict";
// Filters the questions. Without it the page shows them all.
(() => {
  const filter = document.getElementById("filter");
  if (!filter) return;
  const control = (id) => document.getElementById(id);
  const questions = [...document.querySelectorAll("tbody.question")];
  // One form for letters that can be written in two ways, as Hindi's with a dot.
  const folded = (text) => text.normalize("NFC").toLocaleLowerCase();
  const texts = questions.map((body) => folded(body.textContent));
  const fits = (body, text) => {
    const wanted = folded(control("find").value.trim());
    const [language, method, outcome, change] = ["in-language", "by-method", "with-outcome", "with-change"].map((id) => control(id).value);
    if (wanted && !text.includes(wanted)) return false;
    if (change && !body.dataset.changed.split(",").includes(change)) return false;
    if (!outcome) return true;
    return [...body.querySelectorAll("tr[data-method]")].some((row) => {
      if (method && row.dataset.method !== method) return false;
      const cells = [...row.querySelectorAll("td[data-outcome]")];
      return cells.some((cell, place) => (!language || place === Number(language)) && cell.dataset.outcome === outcome);
    });
  };
  const update = () => {
    let shown = 0;
    questions.forEach((body, place) => {
      body.hidden = !fits(body, texts[place]);
      if (!body.hidden) shown += 1;
    });
    control("found").textContent = `${shown} of ${questions.length} questions`;
  };
  filter.hidden = false;
  filter.addEventListener("input", update);
  update();
})();
