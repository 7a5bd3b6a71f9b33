// Copies what the pages load from node_modules to static/vendor, and draws the icons named in package.json as one sprite.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";

const vendor = "static/vendor/";
const { icons } = JSON.parse(readFileSync("package.json", "utf8"));

rmSync(vendor, { recursive: true, force: true });
mkdirSync(vendor, { recursive: true });

for (const [from, to] of [
  ["@tabler/core/dist/css/tabler.min.css", "tabler.min.css"],
  ["chart.js/dist/chart.umd.min.js", "chart.umd.min.js"],
]) {
  // Without its last comment: it names a source map that is not copied, which collectstatic would look for in vain.
  const text = readFileSync(`node_modules/${from}`, "utf8").replace(/(\/\/|\/\*)# sourceMappingURL=.*$/gm, "");
  writeFileSync(vendor + to, text);
}

const symbols = icons.map((name) => {
  const svg = readFileSync(`node_modules/@tabler/icons/icons/outline/${name}.svg`, "utf8");
  const drawing = svg.slice(svg.indexOf(">") + 1, svg.lastIndexOf("</svg>")).replace(/\s*\n\s*/g, "");
  return `<symbol id="${name}" viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="2" ` +
    `stroke-linecap="round" stroke-linejoin="round">${drawing}</symbol>`;
});
writeFileSync(`${vendor}icons.svg`, `<!-- Tabler Icons, MIT, Paweł Kuna -->\n<svg xmlns="http://www.w3.org/2000/svg">\n${symbols.join("\n")}\n</svg>\n`);
