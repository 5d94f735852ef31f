"use strict";
(() => {
  const content = JSON.parse(document.getElementById("content").textContent);
  const main = document.getElementById("main");
  const SVG = "http://www.w3.org/2000/svg";
  const { terms: TERMS, operands: OPERANDS } = content.colours;
  const SHADES = ["#24308f", "#2c7fb8", "#7fcdbb", "#f2f8b5", "#8c5fa8", "#d9b8e3", "#2455a4", "#41b6c4", "#c7e9b4", "#5b5b5b", "#b0b0b0"];

  // -- small tools: everything that is shown is text, never markup

  function element(name, properties = {}, ...children) {
    const made = document.createElement(name);
    for (const [key, value] of Object.entries(properties)) {
      if (key === "class") made.className = value;
      else if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
      else made.setAttribute(key, value);
    }
    made.append(...children.filter((child) => child !== null && child !== undefined));
    return made;
  }

  function drawn(name, attributes, text) {
    const made = document.createElementNS(SVG, name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    if (text !== undefined) made.textContent = text;
    return made;
  }

  function scaled(value, units) {
    if (typeof value !== "number") return value === null || value === undefined ? "-" : String(value);
    const [scale, unit] = units.find(([least]) => Math.abs(value) >= least) || units[units.length - 1];
    return `${Number((value / scale).toPrecision(4))} ${unit}`;
  }

  const energy = (pj) => scaled(pj, [[1e12, "J"], [1e9, "mJ"], [1e6, "uJ"], [1e3, "nJ"], [1, "pJ"]]);
  const whole = (n) => (typeof n === "number" ? Math.round(n).toLocaleString("en-US") : n ?? "-");
  const power = (n) => (typeof n === "number" ? n.toExponential(2) : n ?? "-");
  const share = (n) => (typeof n === "number" ? `${(100 * n).toFixed(1)}%` : "-");
  const fine = (n) => (typeof n === "number" ? `${(100 * n).toFixed(3)}%` : "-");
  const four = (n) => (typeof n === "number" ? String(Number(n.toPrecision(4))) : n ?? "-");
  const plain = (v) => (v === null || v === undefined || v === "" ? "-" : String(v));
  const short = (text, most) => (text.length <= most ? text : `${text.slice(0, most - 1)}\u2026`);
  const total = (parts) => Object.values(parts).reduce((sum, part) => sum + part, 0);

  const tip = document.body.appendChild(element("div", { id: "tip" }));
  function tell(shape, text) {
    shape.addEventListener("mousemove", (event) => {
      tip.textContent = text;
      tip.style.display = "block";
      tip.style.left = `${Math.min(event.clientX + 14, window.innerWidth - tip.offsetWidth - 8)}px`;
      tip.style.top = `${Math.min(event.clientY + 14, window.innerHeight - tip.offsetHeight - 8)}px`;
    });
    shape.addEventListener("mouseleave", () => { tip.style.display = "none"; });
  }

  function section(title, ...children) {
    const made = element("section", {}, element("h2", {}, title), ...children);
    main.append(made);
    return made;
  }

  // -- tables that sort and filter

  function table(name, columns, rows, onRow) {
    const body = element("tbody");
    const count = element("span", { class: "count" });
    const search = element("input", { type: "search", placeholder: "filter: words, or energy<5e9", "aria-label": `filter ${name}` });
    const heads = columns.map((column) => element("th", { class: column.number ? "number" : "" },
      element("button", { type: "button", onclick: () => sortBy(column) }, column.title)));
    const made = rows.map((row) => {
      const line = element("tr", onRow ? { class: "clickable", onclick: () => onRow(row) } : {}, ...columns.map((column) =>
        element("td", { class: column.number ? "number" : "text" }, (column.show || plain)(column.value(row)))));
      return { row, line, text: columns.map((column) => plain(column.value(row))).join(" ").toLowerCase() };
    });
    let sorted = null;
    let descending = false;

    function sortBy(column) {
      descending = sorted === column ? !descending : false;
      sorted = column;
      columns.forEach((other, i) => heads[i].setAttribute("aria-sort", other !== column ? "none" : descending ? "descending" : "ascending"));
      made.sort((a, b) => (descending ? -1 : 1) * compare(column.value(a.row), column.value(b.row)));
      show();
    }

    function compare(a, b) {
      const [missingA, missingB] = [a ?? null, b ?? null].map((v) => v === null);
      if (missingA || missingB) return (descending ? -1 : 1) * (missingA - missingB);
      return typeof a === "number" && typeof b === "number" ? a - b : String(a).localeCompare(String(b), "en", { numeric: true });
    }

    function show() {
      const tests = search.value.toLowerCase().split(/\s+/).filter(Boolean).map(test);
      const shown = made.filter((entry) => tests.every((passes) => passes(entry)));
      body.replaceChildren(...shown.map((entry) => entry.line));
      count.textContent = `${shown.length} of ${made.length}`;
    }

    function test(word) {
      const found = /^([a-z_ ]+)(<=|>=|<|>)(-?[\d.]+(?:e[+-]?\d+)?)$/.exec(word);
      const column = found && columns.find((c) => c.number && c.title.toLowerCase().startsWith(found[1]));
      if (!column) return (entry) => entry.text.includes(word);
      const limit = Number(found[3]);
      const holds = { "<": (v) => v < limit, ">": (v) => v > limit, "<=": (v) => v <= limit, ">=": (v) => v >= limit }[found[2]];
      return (entry) => typeof column.value(entry.row) === "number" && holds(column.value(entry.row));
    }

    search.addEventListener("input", show);
    show();
    return {
      view: element("div", {}, element("div", { class: "tools" }, search, count),
        element("div", { class: "scroll" }, element("table", { id: name }, element("thead", {}, element("tr", {}, ...heads)), body))),
      mark(row) {
        for (const entry of made) entry.line.classList.toggle("marked", entry.row === row);
        const line = made.find((entry) => entry.row === row).line;
        if (line.isConnected) line.scrollIntoView({ block: "nearest" });
      },
    };
  }

  // -- charts

  const shade = (i) => SHADES[i] || `hsl(${(i * 137) % 360} 45% ${38 + (i * 23) % 42}%)`;
  const memoryShades = { operations: OPERANDS.operations, leakage: OPERANDS.leakage };

  /** Colours of some memories, the same on the whole page. */
  function ofMemories(rows) {
    for (const name of rows.flatMap((row) => Object.keys(row.energy_by_memory))) {
      memoryShades[name] ||= shade(Object.keys(memoryShades).length - 2);
    }
    const here = new Set(rows.flatMap((row) => Object.keys(row.energy_by_memory)));
    return Object.fromEntries(Object.entries(memoryShades).filter(([name]) => here.has(name)));
  }

  function ofOperands(rows) {
    const names = [...new Set(rows.flatMap((row) => Object.keys(row.energy_by_operand)))];
    const others = names.filter((name) => !Object.hasOwn(OPERANDS, name));
    return Object.fromEntries(names.map((name) => [name, Object.hasOwn(OPERANDS, name) ? OPERANDS[name] : shade(others.indexOf(name))]));
  }

  function legend(shades) {
    return element("div", { class: "legend" }, ...Object.entries(shades).map(([name, colour]) => {
      const box = element("i");
      box.style.background = colour;
      return element("span", {}, box, short(name, 40));
    }));
  }

  function ticks(most, n = 4, least = 0) {
    const rough = (most - least) / n;
    const scale = 10 ** Math.floor(Math.log10(rough || 1));
    const step = [1, 2, 5, 10].map((s) => s * scale).find((s) => s >= rough) || scale;
    const found = [];
    for (let value = Math.ceil(least / step) * step; value <= most * 1.0001; value += step) found.push(value);
    return found;
  }

  function bars(title, rows, parts, shades, show, label, onBar) {
    const [left, top, height] = [78, 10, 240];
    const step = Math.max(9, Math.min(46, 900 / rows.length));
    const named = rows.length <= 40;
    const bottom = named ? 160 : 26;
    const width = left + Math.max(180, step * rows.length) + 10;
    const picture = drawn("svg", { width, height: top + height + bottom, role: "img", "aria-label": title });
    const most = Math.max(...rows.map((row) => total(parts(row))), 1e-300);
    for (const value of ticks(most)) {
      const y = top + height * (1 - value / most);
      picture.append(drawn("line", { x1: left, x2: width - 10, y1: y, y2: y, class: "grid" }));
      picture.append(drawn("text", { x: left - 6, y: y + 4, "text-anchor": "end" }, show(value)));
    }
    rows.forEach((row, i) => {
      const x = left + i * step + 0.1 * step;
      let y = top + height;
      for (const [name, value] of Object.entries(shades).map(([key]) => [key, parts(row)[key] || 0])) {
        const tall = height * value / most;
        y -= tall;
        if (!value) continue;
        const bar = drawn("rect", { x, y, width: 0.8 * step, height: tall, fill: shades[name], class: "bar" });
        tell(bar, `${label(row)}\n${name}: ${show(value)} (${share(value / total(parts(row)))})\nin all: ${show(total(parts(row)))}`);
        if (onBar) bar.addEventListener("click", () => onBar(row));
        picture.append(bar);
      }
      if (named) {
        const at = `translate(${x + 0.4 * step + 4},${top + height + 8}) rotate(-60)`;
        picture.append(drawn("text", { transform: at, "text-anchor": "end" }, short(label(row), 24)));
      }
    });
    picture.append(drawn("line", { x1: left, x2: width - 10, y1: top + height, y2: top + height, class: "axis" }));
    return element("figure", {}, element("h3", {}, title), legend(shades), picture,
      named ? null : element("figcaption", {}, "In the order of the report; point at a bar for its name."));
  }

  const AXES = [
    { name: "latency (cycles)", value: (run) => run.latency_cycles, show: whole },
    { name: "energy (pJ)", value: (run) => run.energy_pj, show: energy },
    { name: "EDP (pJ cycles)", value: (run) => run.edp_pj_cycles, show: power },
    { name: "area (mm2)", value: (run) => run.area_total_mm2, show: four },
    { name: "time (s)", value: (run) => run.time_s, show: four },
    { name: "average power (mW)", value: (run) => run.average_power_mw, show: four },
  ];

  function scatter(runs, onDot) {
    const usable = AXES.filter((axis) => runs.some((run) => typeof axis.value(run) === "number"));
    const choose = (start, name) => {
      const made = element("select", { "aria-label": name }, ...usable.map((axis) => element("option", {}, axis.name)));
      made.selectedIndex = start;
      made.addEventListener("change", draw);
      return made;
    };
    const [across, upwards] = [choose(0, "across"), choose(1, "upwards")];
    const place = element("div");
    function draw() {
      const [x, y] = [usable[across.selectedIndex], usable[upwards.selectedIndex]];
      const points = runs.filter((run) => typeof x.value(run) === "number" && typeof y.value(run) === "number");
      const [left, top, width, height] = [84, 12, 620, 330];
      const picture = drawn("svg", { width: left + width + 20, height: top + height + 44, role: "img", "aria-label": "runs against each other" });
      const [[leastX, mostX], [leastY, mostY]] = [x, y].map((axis) => range(points.map(axis.value)));
      const toX = (value) => left + width * (value - leastX) / (mostX - leastX);
      const toY = (value) => top + height * (1 - (value - leastY) / (mostY - leastY));
      for (const value of ticks(mostX, 4, leastX)) {
        const at = toX(value);
        picture.append(drawn("line", { x1: at, x2: at, y1: top, y2: top + height, class: "grid" }));
        picture.append(drawn("text", { x: at, y: top + height + 16, "text-anchor": "middle" }, x.show(value)));
      }
      for (const value of ticks(mostY, 4, leastY)) {
        const at = toY(value);
        picture.append(drawn("line", { x1: left, x2: left + width, y1: at, y2: at, class: "grid" }));
        picture.append(drawn("text", { x: left - 6, y: at + 4, "text-anchor": "end" }, y.show(value)));
      }
      picture.append(drawn("text", { x: left + width / 2, y: top + height + 36, "text-anchor": "middle" }, x.name));
      picture.append(drawn("text", { transform: `translate(14,${top + height / 2}) rotate(-90)`, "text-anchor": "middle" }, y.name));
      const best = front(points, x.value, y.value);
      for (const run of [...points].sort((a, b) => best.has(a) - best.has(b))) {
        const dot = drawn("circle", {
          cx: toX(x.value(run)), cy: toY(y.value(run)), r: best.has(run) ? 6 : 4,
          fill: best.has(run) ? "#d9823b" : "#b9c4d2", class: "dot",
        });
        tell(dot, `${nameOf(run)}\n${run.run_id}\n${x.name}: ${x.show(x.value(run))}\n${y.name}: ${y.show(y.value(run))}`);
        dot.addEventListener("click", () => onDot(run));
        picture.append(dot);
      }
      place.replaceChildren(picture);
    }
    draw();
    return element("figure", {}, element("h3", {}, "Runs against each other"),
      element("div", { class: "tools" }, "across ", across, " upwards ", upwards), place,
      element("figcaption", {}, "Orange: no other run is better in both. A click marks the run in the table."));
  }

  /** From zero, or from below the least value where all are close together. */
  function range(values) {
    const [least, most] = [Math.min(...values), Math.max(...values)];
    const room = 0.08 * (most - least) || 0.08 * Math.abs(most) || 1;
    return [least > 0.4 * most ? least - room : Math.min(0, least), most + room];
  }

  function front(points, x, y) {
    const found = new Set();
    let least = Infinity;
    for (const point of [...points].sort((a, b) => x(a) - x(b) || y(a) - y(b))) {
      if (y(point) < least) { least = y(point); found.add(point); }
    }
    return found;
  }

  // -- the page

  const runs = content.runs;
  const nameOf = (run) => (run.objective && run.objective !== "none" ? `${run.label}, best ${run.objective}` : run.label);
  const briefly = (run) => `${plain(run.accelerator)} ${plain(run.workload)} ${run.run_id}`;
  const finished = runs.filter((run) => run.status === "finished");
  const priced = finished.filter((run) => typeof run.energy_pj === "number");

  function card(title, figure, note) {
    return element("div", { class: "card" }, element("span", {}, title), element("b", {}, figure), element("span", {}, note));
  }

  function summary() {
    const best = (key) => priced.reduce((a, b) => (a === null || b[key] < a[key] ? b : a), null);
    const cards = [card("runs", whole(runs.length), `${finished.length} finished`)];
    for (const [title, key, show] of [["least energy", "energy_pj", energy], ["least latency", "latency_cycles", (n) => `${whole(n)} cycles`],
      ["least EDP", "edp_pj_cycles", (n) => `${power(n)} pJ cycles`]]) {
      const run = best(key);
      if (run) cards.push(card(title, show(run[key]), `${run.run_id}  ${short(nameOf(run), 80)}`));
    }
    section("Summary", element("div", { class: "cards" }, ...cards));
  }

  function runTable() {
    const column = (title, key, show) => ({ title, value: (run) => run[key], show, number: Boolean(show) });
    const columns = [
      column("run", "run_id"), column("workload", "workload"), column("accelerator", "accelerator"), column("mapping", "mapping"),
      column("best", "objective"), column("status", "status"), column("energy", "energy_pj", energy), column("cycles", "latency_cycles", whole),
      column("EDP", "edp_pj_cycles", power), column("time (s)", "time_s", four), column("power (mW)", "average_power_mw", four), column("TOPS", "tops", four),
      column("TOPS/W", "tops_per_watt", four), column("inferences/s", "inferences_per_s", four), column("area (mm2)", "area_total_mm2", four), column("layers", "n_layers", whole),
      column("mappings", "n_mappings_evaluated", whole), column("experiment", "experiment"), column("started", "started_at"),
    ].filter((c) => runs.some((run) => c.value(run) !== null && c.value(run) !== undefined));
    const made = table("runs", columns, runs);
    const pictures = element("div", { class: "charts" });
    if (priced.length > 1) pictures.append(scatter(priced, made.mark));
    const shown = priced.slice(0, 200);
    if (shown.length) {
      pictures.append(bars("Energy by memory", shown, (run) => run.energy_by_memory, ofMemories(shown), energy, briefly, made.mark));
      pictures.append(bars("Energy by operand", shown, (run) => run.energy_by_operand, ofOperands(shown), energy, briefly, made.mark));
      pictures.append(bars("Latency by term (cycles)", shown, (run) => run.latency_by_term, TERMS, whole, briefly, made.mark));
    }
    section("Runs", made.view);
    section("Charts", pictures);
  }

  function detail(found) {
    const run = runs.find((one) => one.run_id === found.run_id);
    const made = section(`${nameOf(run)}${found.why ? `: ${found.why}` : ""}`, element("p", { class: "count" }, `run ${run.run_id}`));
    for (const said of [found.note, ...run.warnings]) if (said) made.append(element("p", {}, said));
    const column = (title, key, show) => ({ title, value: (row) => row[key], show, number: Boolean(show) });
    const figures = [column("energy", "energy_pj", energy), column("cycles", "latency_cycles", whole), column("EDP", "edp_pj_cycles", power)];
    if (found.results.length) {
      const of = found.results.length < found.n_results ? `the first ${whole(found.results.length)} of ${whole(found.n_results)}` : whole(found.n_results);
      made.append(element("h3", {}, `Results (${of})`),
        table(`results-${found.run_id}`, [column("result", "path"), column("of", "of"), ...figures, column("from run", "child")], found.results).view);
    }
    if (found.children.length) {
      const within = table(`children-${found.run_id}`, [column("run", "run_id"), column("settings", "varied"), column("status", "status"),
        ...figures, column("layers", "n_layers", whole), column("chosen", "chosen")], found.children);
      const dots = found.children.filter((child) => typeof child.energy_pj === "number");
      made.append(element("h3", {}, `Runs within it (${whole(found.children.length)})`), within.view);
      if (dots.length > 1) made.append(scatter(dots, within.mark));
    }
    if (found.claims.length) {
      made.append(element("h3", {}, "What it says"), element("dl", {}, ...found.claims.flatMap((claim) =>
        [element("dt", {}, claim.topic), element("dd", {}, claim.text)])));
    }
    if (found.layers.length) layers(found, made);
    provenance(found, run, made);
  }

  function layers(found, place) {
    const nest = element("pre", {}, "A click on a layer shows its mapping here.");
    const show = (layer) => { nest.textContent = `${layer.name}\nspatial: ${layer.spatial}${layer.proof && `\nproof: ${layer.proof}`}\n\n${layer.nest}`; };
    const column = (title, key, as) => ({ title, value: (layer) => layer[key], show: as, number: Boolean(as) });
    const made = table(`layers-${found.run_id}`, [
      column("layer", "index", whole), column("name", "name"), column("operator", "operator"), column("operations", "n_macs", whole),
      column("energy", "energy_pj", energy), column("cycles", "latency_cycles", whole), column("array busy", "utilisation", share),
      ...(found.layers.some((layer) => layer.proof) ? [column("gap", "gap", fine)] : []), column("spatial mapping", "spatial"),
    ], found.layers, (layer) => { show(layer); made.mark(layer); });
    const pick = (layer) => { show(layer); made.mark(layer); };
    const label = (layer) => `${layer.index} ${layer.name.split("/").slice(-2).join("/")}`;
    place.append(element("h3", {}, "Layers and their best mappings"), made.view, nest, element("div", { class: "charts" },
      bars("Energy by memory", found.layers, (l) => l.energy_by_memory, ofMemories(found.layers), energy, label, pick),
      bars("Latency by term (cycles)", found.layers, (l) => l.latency_by_term, TERMS, whole, label, pick)));
  }

  function provenance(found, run, place) {
    const words = (value) => (typeof value === "object" && value !== null ? JSON.stringify(value) : String(value));
    const facts = [
      ["started", run.started_at], ["experiment", run.experiment], ["engine", found.engine],
      ...Object.entries(found.options), ...Object.entries(found.environment), ...Object.entries(found.tags).map(([k, v]) => [`tag ${k}`, v]),
    ];
    place.append(element("h3", {}, "Where it comes from"),
      element("dl", {}, ...facts.flatMap(([name, value]) => [element("dt", {}, name), element("dd", {}, words(value))])),
      table(`inputs-${found.run_id}`, ["kind", "name", "file", "digest"].map((key) => ({ title: key, value: (row) => row[key] })), found.inputs).view,
      element("h3", {}, "How to do it again"),
      element("pre", {}, `# with the database ${content.database}\nzigzag-lab rerun ${run.run_id}\n# its input files, as they were\nzigzag-lab show ${run.run_id} --inputs again`));
  }

  summary();
  runTable();
  content.details.forEach(detail);
  document.documentElement.setAttribute("data-ready", "yes");
})();
