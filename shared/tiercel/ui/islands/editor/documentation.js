// The documentation of the task under the cursor.
import { ask, page } from "../lib/api.js";
import { debounced, h } from "../lib/dom.js";
import { pluginAt } from "./places.js";

export function documentation({ view }, body) {
  let shown;
  const say = (text) => body.replaceChildren(h("p", { class: "i-muted i-side-text" }, text));
  const look = async () => {
    const type = pluginAt(view.state, view.state.selection.main.head)?.type ?? "";
    if (type === shown) return;
    shown = type;
    if (!type) return void say("The documentation of the task in which the cursor stands is shown here.");
    try {
      const { schema } = await ask(["plugins", type]);
      if (shown === type) body.replaceChildren(article(type, schema.properties, schema.outputs?.properties ?? {}));
    } catch (error) {
      if (shown === type) say(error.message);
    }
  };
  const soon = debounced(look, 250);
  look();
  return {
    changed: soon,
    close() {
      shown = null;
      soon.cancel();
    },
  };
}

/** Return a type's documentation: required properties first, then what it gives. */
function article(type, { title, properties = {}, required = [] }, outputs) {
  const names = Object.keys(properties).filter((name) => name !== "type").sort((one, other) => required.includes(other) - required.includes(one));
  const rows = names.map((name) => entry(name, properties[name], required.includes(name)));
  const given = Object.entries(outputs).map(([name, about]) => entry(name, about, false));
  return h(
    "article",
    { class: "i-side-text i-documentation" },
    h("h3", {}, type),
    h("p", {}, title ?? ""),
    h("p", {}, h("a", { href: page(["plugins", type]) }, "Its page, with an example")),
    h("dl", {}, rows),
    given.length ? [h("h4", {}, "Outputs"), h("dl", {}, given)] : null,
  );
}

function entry(name, about, isRequired) {
  return [
    h("dt", {}, h("code", {}, name), h("span", { class: "i-muted" }, ` ${kind(about)}${about.$dynamic ? ", may be an expression" : ""}`), isRequired ? h("strong", {}, " required") : null),
    h("dd", {}, about.description ?? "", about.default !== undefined && about.default !== null ? h("span", { class: "i-muted" }, ` Default: ${JSON.stringify(about.default)}`) : null),
  ];
}

function kind(schema) {
  if (schema.enum) return schema.enum.join(" | ");
  if (schema.anyOf) return [...new Set(schema.anyOf.map(kind).filter((each) => each !== "null"))].join(" or ");
  if (schema.$ref) return schema.$ref.split("/").at(-1).split(/[.-]/).at(-1);
  return schema.type === "array" ? `list of ${kind(schema.items ?? {})}` : schema.type ?? "anything";
}
