// Builds what the pages load: `node build.mjs [folder]`, after `npm ci`; `make ui` does both.
//
// Every file's name carries a hash of its content, so it may be kept for ever; `manifest.json` says which file is which.
// The same sources give the same bytes.
import { createHash } from "node:crypto";
import { mkdir, readFile, readdir, rename, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import esbuild from "esbuild";

const here = path.dirname(fileURLToPath(import.meta.url));
const target = path.resolve(process.argv[2] ?? path.join(here, "built"));
const fresh = `${target}.new`;
const COMPRESSED = [".js", ".css", ".json", ".txt"];

/** Bundle the modules (`boot` and, as chunks of it, the islands) and the islands' styles. */
async function bundle() {
  return esbuild.build({
    absWorkingDir: here,
    entryPoints: { boot: "islands/boot.js", islands: "islands/islands.css" },
    outdir: fresh,
    bundle: true,
    format: "esm",
    splitting: true,
    minify: true,
    charset: "utf8",
    target: ["es2022", "chrome123", "firefox120", "safari17.5"],
    legalComments: "none",
    entryNames: "[name]-[hash]",
    chunkNames: "[name]-[hash]",
    assetNames: "[name]-[hash]",
    metafile: true,
    logLevel: "warning",
  });
}

/** Return which file each name stands for; islands by the folder of their entry point. */
function manifest(metafile) {
  const found = { boot: "", styles: "", needed: [], islands: {}, files: [] };
  for (const [file, { entryPoint, imports }] of Object.entries(metafile.outputs)) {
    const name = path.relative(fresh, path.resolve(here, file));
    found.files.push(name);
    const needed = imports.filter((each) => each.kind === "import-statement");
    const modules = needed.map((each) => path.relative(fresh, path.resolve(here, each.path)));
    if (entryPoint === "islands/boot.js") [found.boot, found.needed] = [name, modules];
    if (entryPoint === "islands/islands.css") found.styles = name;
    const island = /^islands\/(\w+)\/index\.js$/.exec(entryPoint ?? "");
    if (island) found.islands[island[1]] = [name, ...modules];
  }
  found.files.sort();
  return found;
}

/** Return the licence texts of the packages from which something went into a file. */
async function licences(metafile) {
  const used = Object.keys(metafile.inputs).map((each) => /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(each)?.[1]);
  const parts = [];
  for (const name of [...new Set(used.filter(Boolean))].sort()) {
    const folder = path.join(here, "node_modules", name);
    const about = JSON.parse(await readFile(path.join(folder, "package.json"), "utf8"));
    const files = (await readdir(folder)).filter((each) => /^(licen[cs]e|copying)/i.test(each)).sort();
    if (!files.length) throw new Error(`${name} ${about.version} has no licence text; it says ${about.license}`);
    const texts = await Promise.all(files.map((each) => readFile(path.join(folder, each), "utf8")));
    parts.push(`${name} ${about.version} (${about.license})\n\n${texts.join("\n").trim()}\n`);
  }
  return parts.join(`\n${"-".repeat(80)}\n\n`);
}

await rm(fresh, { recursive: true, force: true });
await mkdir(fresh, { recursive: true });
const { metafile } = await bundle();
const about = manifest(metafile);
const text = await licences(metafile);
const digest = createHash("sha256").update(text).digest("hex").slice(0, 8).toUpperCase();
about.licences = `licences-${digest}.txt`;
about.files.push(about.licences);
await writeFile(path.join(fresh, about.licences), text);
await writeFile(path.join(fresh, "manifest.json"), `${JSON.stringify(about, null, 1)}\n`);
for (const name of about.files) {
  if (!COMPRESSED.includes(path.extname(name))) continue;
  const content = await readFile(path.join(fresh, name));
  await writeFile(path.join(fresh, `${name}.gz`), gzipSync(content, { level: 9 }));
}
await rm(target, { recursive: true, force: true });
await rename(fresh, target);
