// What the page can do beyond being read: sorting, links to cells, the panel that says where a
// number comes from, highlighted rows, the theme. Without it everything is still there.
"use strict";
(() => {
  const facts = JSON.parse(document.getElementById("facts").textContent);
  const make = (tag, properties = {}, ...children) => {
    const element = Object.assign(document.createElement(tag), properties);
    element.append(...children);
    return element;
  };
  const said = make("p", { className: "said" });
  said.setAttribute("role", "status");
  document.body.append(said);

  // Theme: as the reader's surroundings, light or dark.
  const themes = ["auto", "light", "dark"];
  const stored = () => { try { return localStorage.getItem("proofmark-theme"); } catch { return null; } };
  const store = (theme) => { try { localStorage.setItem("proofmark-theme", theme); } catch { /* not kept */ } };
  let theme = themes.includes(stored()) ? stored() : "auto";
  const toggle = make("button", { id: "theme", type: "button" });
  const show = () => {
    if (theme === "auto") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = theme;
    toggle.textContent = `Theme: ${theme}`;
  };
  toggle.addEventListener("click", () => {
    theme = themes[(themes.indexOf(theme) + 1) % themes.length];
    store(theme);
    show();
  });
  show();
  document.querySelector("header").append(toggle);

  // Sorting: best first, worst first, and as it was; labels by the alphabet.
  const valueOf = (row, column) => {
    const cell = row.cells[column];
    if (cell.tagName === "TH") return cell.textContent.trim();
    return cell.dataset.value === undefined ? null : Number(cell.dataset.value);
  };
  const compare = (a, b) => typeof a === "string" ? a.localeCompare(b) : a - b;
  for (const table of document.querySelectorAll("table.results")) {
    const body = table.tBodies[0];
    const original = [...body.rows];
    const heads = [...table.querySelectorAll(".heads th")];
    const lowerIsBetter = "lower" in table.dataset;
    const sort = (head, column, order, words) => {
      const rows = original.map((row) => ({ row, value: valueOf(row, column) }));
      const sign = order === "ascending" ? 1 : -1;
      // The sort is stable, and what has no number comes last.
      if (order !== "none") {
        rows.sort((a, b) => (a.value === null) - (b.value === null) || sign * compare(a.value, b.value));
      }
      body.append(...rows.map(({ row }) => row));
      for (const other of heads) other.removeAttribute("aria-sort");
      if (order !== "none") head.setAttribute("aria-sort", order);
      said.textContent = order === "none" ? "Rows are in the order of the experiment file."
        : `Rows are sorted by ${head.textContent}, ${words}.`;
    };
    heads.forEach((head, column) => {
      const up = column === 0 || lowerIsBetter || "lower" in head.dataset;
      const orders = [
        [up ? "ascending" : "descending", column === 0 ? "A to Z" : "best first"],
        [up ? "descending" : "ascending", column === 0 ? "Z to A" : "worst first"],
        ["none", ""],
      ];
      const button = make("button", { type: "button", title: "sort by this column" }, ...head.childNodes);
      button.addEventListener("click", () => {
        const now = head.getAttribute("aria-sort") ?? "none";
        const next = (orders.findIndex(([order]) => order === now) + 1) % orders.length;
        sort(head, column, ...orders[next]);
      });
      head.append(button);
    });

    // One stop for the Tab key; arrows go from cell to cell.
    const links = () => [...body.rows].map((row) => [...row.querySelectorAll("td > a")]);
    const all = body.querySelectorAll("td > a");
    const stop = (link) => {
      for (const other of all) other.tabIndex = -1;
      if (link) link.tabIndex = 0;
    };
    stop(all[0]);
    body.addEventListener("focusin", (event) => {
      if (event.target.matches("td > a")) stop(event.target);
    });
    body.addEventListener("keydown", (event) => {
      const grid = links();
      const row = grid.findIndex((cells) => cells.includes(event.target));
      if (row < 0) return;
      const column = grid[row].indexOf(event.target);
      const [down, right] = {
        ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1],
        Home: [0, -column], End: [0, grid[row].length - 1 - column],
      }[event.key] ?? [0, 0];
      const next = grid[row + down]?.[column + right];
      if (next && next !== event.target) {
        event.preventDefault();
        next.focus();
      }
    });
  }

  // The panel: where a number comes from.
  const panel = make("aside", { id: "panel", hidden: true });
  panel.setAttribute("role", "dialog");
  panel.setAttribute("aria-labelledby", "panel-title");
  document.body.append(panel);
  let opener = null;
  const hide = () => {
    panel.hidden = true;
    document.body.classList.remove("with-panel");
    document.querySelector("td.chosen")?.classList.remove("chosen");
  };
  const close = () => {
    if (panel.hidden) return;
    hide();
    history.replaceState(null, "", location.pathname + location.search);
    opener?.focus();
  };
  const list = (title, pairs) => pairs.length === 0 ? [] : [
    make("h3", { textContent: title }),
    make("dl", {}, ...pairs.flatMap(([name, value]) =>
      [make("dt", { textContent: name }), make("dd", { textContent: value })])),
  ];
  const known = (cell) => {
    const [b, r, c] = cell.dataset.at.split(" ").map(Number);
    const [block, row, column] = [facts.blocks[b], facts.rows[r], facts.columns[c]];
    return { block, row, column, number: block.cells[r][c].facts };
  };
  // A first look, while pointed at.
  document.addEventListener("pointerover", (event) => {
    const cell = event.target.closest?.("td[data-at]");
    if (!cell || cell.title) return;
    const { row, column, number } = known(cell);
    const all = [...number, ...column.facts, ...(row?.facts ?? [])];
    cell.title = all.map(([name, value]) => `${name}: ${value}`).join("\n");
  });
  const open = (cell) => {
    const { block, row, column, number } = known(cell);
    document.querySelector("td.chosen")?.classList.remove("chosen");
    cell.classList.add("chosen");
    opener = cell.querySelector("a");
    const title = make("h2", { id: "panel-title", tabIndex: -1 },
      `${row?.label ?? ""} on ${column.label}: ${opener.textContent}`);
    const shut = make("button", { type: "button", className: "shut", textContent: "Close" });
    shut.addEventListener("click", close);
    const texts = row ? [...document.getElementById(row.provenance)?.querySelectorAll("pre.text") ?? []] : [];
    const more = make("a", { href: `#${row?.provenance}`, textContent: "All of its provenance" });
    panel.replaceChildren(
      shut, title,
      make("p", { className: "quiet" }, `${block.title}, ${column.scenario}`),
      ...list("Number", number),
      ...list("Data", column.facts),
      ...list("Model", row?.facts ?? []),
      ...texts.map((text) => make("details", { open: true },
        make("summary", {}, "Experiment text"), text.cloneNode(true))),
      ...(row ? [make("p", {}, more)] : []),
    );
    panel.hidden = false;
    panel.scrollTop = 0;
    document.body.classList.add("with-panel");
    title.focus({ preventScroll: true });
    cell.scrollIntoView({ block: "nearest", inline: "nearest" });
  };
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") close();
  });
  document.addEventListener("click", (event) => {
    const cell = event.target.closest?.("td[data-at]");
    if (!cell || event.target.closest("sup") || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    history.replaceState(null, "", `#${cell.id}`);
    open(cell);
  });

  // Links into the page: what is closed opens, a cell shows its panel.
  const follow = () => {
    let id = "";
    try { id = decodeURIComponent(location.hash.slice(1)); } catch { return; }
    const target = id && document.getElementById(id);
    if (!target) return;
    for (let around = target; around; around = around.parentElement) {
      if (around.tagName === "DETAILS") around.open = true;
    }
    if (target.matches("td[data-at]")) open(target);
    else hide();
    target.scrollIntoView({ block: target.matches("td, th") ? "center" : "start", inline: "nearest" });
  };
  addEventListener("hashchange", follow);
  follow();

  // A row stands out in the table and in every plot: while pointed at, or for as long as its
  // legend entry is pressed.
  let pressed = null;
  const marked = [...document.querySelectorAll("[data-row]")];
  const highlight = (row) => {
    document.body.classList.toggle("highlighting", row !== null);
    for (const element of marked) element.classList.toggle("hot", element.dataset.row === row);
  };
  const entries = [...document.querySelectorAll(".legend li[data-row]")].map((item) => {
    const button = make("button", { type: "button" }, ...item.childNodes);
    button.setAttribute("aria-pressed", "false");
    item.append(button);
    button.addEventListener("click", () => {
      pressed = pressed === item.dataset.row ? null : item.dataset.row;
      for (const [row, other] of entries) other.setAttribute("aria-pressed", String(row === pressed));
      highlight(pressed);
    });
    return [item.dataset.row, button];
  });
  for (const item of document.querySelectorAll(".legend li[data-row], .results tbody tr > th")) {
    const row = item.closest("[data-row]").dataset.row;
    for (const name of ["pointerenter", "focusin"]) item.addEventListener(name, () => highlight(row));
    for (const name of ["pointerleave", "focusout"]) item.addEventListener(name, () => highlight(pressed));
  }

  // On paper everything is open.
  addEventListener("beforeprint", () => {
    for (const details of document.querySelectorAll("section > details, .unit")) details.open = true;
  });
})();
