// What people set for their browser, under the names that Kestra's pages use where the meaning is the same.
const DEFAULTS = {
  theme: "system",
  defaultLogLevel: "INFO",
  logDisplay: "all",
  logWrap: "true",
  topologyOrientation: "vertical",
  autoRefresh: "true",
  autoRefreshInterval: "10",
  executeFlowBehaviour: "same tab",
  executeDefaultTab: "overview",
  editorFontSize: "13",
  editorFontFamily: "",
  autofoldTextEditor: "false",
  "view-type": "topology",
  dateFormat: "",
  timezone: "",
  lang: "",
  defaultNamespace: "",
  envName: "",
  envColor: "",
};
const heard = new Set();
const spare = new Map();

/** Return a setting as text; the default where it was never set, or the browser keeps nothing. */
export function setting(name) {
  try {
    return localStorage.getItem(name) ?? spare.get(name) ?? DEFAULTS[name] ?? "";
  } catch {
    return spare.get(name) ?? DEFAULTS[name] ?? "";
  }
}

/** Keep a setting, and tell who listens. */
export function keep(name, value) {
  spare.set(name, String(value));
  try {
    localStorage.setItem(name, String(value));
  } catch {
    // A full or forbidden storage: the page remembers it as long as it stands.
  }
  for (const listener of heard) listener(name, String(value));
}

/** Forget a setting. */
export function forget(name) {
  spare.delete(name);
  try {
    localStorage.removeItem(name);
  } catch {
    // As above.
  }
}

/** Call `listener(name, value)` when a setting changes, also in another tab; returns what ends that. */
export function onSetting(listener) {
  const stored = (event) => event.key && event.newValue !== null && listener(event.key, event.newValue);
  heard.add(listener);
  addEventListener("storage", stored);
  return () => {
    heard.delete(listener);
    removeEventListener("storage", stored);
  };
}
