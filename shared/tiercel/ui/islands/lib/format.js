// Times, durations and numbers as people read them, in the zone and language of the settings.
import { setting } from "./settings.js";

const made = new Map();

function formatter(kind, options) {
  const [lang, timeZone] = [setting("lang") || undefined, setting("timezone") || undefined];
  const key = `${kind}|${lang}|${timeZone}`;
  if (!made.has(key)) {
    try {
      made.set(key, new Intl.DateTimeFormat(lang, { ...options, timeZone }));
    } catch {
      made.set(key, new Intl.DateTimeFormat(undefined, options));
    }
  }
  return made.get(key);
}

const DATE = { year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" };

/** Return a time of day with milliseconds: `14:03:22.120`. */
export function clock(iso) {
  const at = new Date(iso);
  const text = formatter("clock", { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" }).format(at);
  return `${text}.${String(at.getMilliseconds()).padStart(3, "0")}`;
}

const PARTS = { YYYY: "year", MM: "month", DD: "day", HH: "hour", mm: "minute", ss: "second" };

/** Return a date with its time of day, as the setting `dateFormat` says: empty for the language's own, `iso`, or a form such as `DD.MM.YYYY HH:mm:ss`. */
export function moment(iso) {
  if (!iso) return "";
  const form = setting("dateFormat");
  if (form === "iso") return new Date(iso).toISOString();
  if (!form.includes("YYYY")) return formatter("moment", DATE).format(new Date(iso));
  const found = Object.fromEntries(formatter("moment", { ...DATE, numberingSystem: "latn", calendar: "gregory" }).formatToParts(new Date(iso)).map((part) => [part.type, part.value]));
  return form.replace(/YYYY|MM|DD|HH|mm|ss/g, (name) => (found[PARTS[name]] ?? "").padStart(2, "0"));
}

/** Tell whether dates can be shown in a zone. */
export function isZone(name) {
  try {
    return Boolean(new Intl.DateTimeFormat(undefined, { timeZone: name }));
  } catch {
    return false;
  }
}

/** Return how long ago, or how far ahead: `3 min ago`. */
export function relative(iso, now = Date.now()) {
  const seconds = (new Date(iso).getTime() - now) / 1000;
  const size = Math.abs(seconds);
  const [unit, length] = [["second", 1], ["minute", 60], ["hour", 3600], ["day", 86400], ["month", 2629800], ["year", 31557600]]
    .findLast(([, each]) => size >= each) ?? ["second", 1];
  return new Intl.RelativeTimeFormat(setting("lang") || undefined, { numeric: "auto", style: "short" }).format(Math.round(seconds / length), unit);
}

/** Return milliseconds as a duration: `320 ms`, `4.2 s`, `3 m 04 s`, `2 h 05 m`, `3 d 02 h`. */
export function duration(ms) {
  if (!Number.isFinite(ms) || ms < 0) return "";
  if (ms < 1000) return `${Math.round(ms)} ms`;
  const seconds = ms / 1000;
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  const two = (value) => String(Math.floor(value)).padStart(2, "0");
  if (seconds < 3600) return `${Math.floor(seconds / 60)} m ${two(seconds % 60)} s`;
  if (seconds < 86400) return `${Math.floor(seconds / 3600)} h ${two((seconds % 3600) / 60)} m`;
  return `${Math.floor(seconds / 86400)} d ${two((seconds % 86400) / 3600)} h`;
}

/** Return the milliseconds of an ISO duration (`PT1M3.5S`), NaN for none. */
export function milliseconds(iso) {
  const found = /^(-)?P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:([\d.]+)S)?)?$/.exec(iso ?? "");
  if (!found) return NaN;
  const [, sign, days = 0, hours = 0, minutes = 0, seconds = 0] = found;
  return (sign ? -1 : 1) * (((Number(days) * 24 + Number(hours)) * 60 + Number(minutes)) * 60 + Number(seconds)) * 1000;
}

/** Return bytes or counts shortened: `1.2 k`. */
export function short(value) {
  return new Intl.NumberFormat(setting("lang") || undefined, { notation: "compact", maximumFractionDigits: 1 }).format(value);
}

/** Return a type's last part: `Log` of `io.kestra.plugin.core.log.Log`. */
export const lastPart = (type) => String(type ?? "").split(".").at(-1);
