"use strict";

// Makes elements. Every value becomes text: nothing here parses HTML.

const byId = (id) => document.getElementById(id);

function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value !== undefined) element.setAttribute(name, value);
  }
  element.append(...children.filter((child) => child !== undefined && child !== null && child !== ""));
  return element;
}

const button = (text, onclick, type = "link") => make("button", { type: "button", class: type, onclick }, text);
const badge = (text, kind = text) => text && make("span", { class: `badge ${kind}` }, text);
const list = (items) => make("ul", {}, ...items.map((item) => make("li", {}, ...[item].flat())));
/** A text in which code is between backticks. */
const words = (text) => text && make("span", {},
  ...text.split("`").map((part, index) => (index % 2 ? make("code", {}, part) : part)));
const definitions = (pairs) =>
  make("dl", { class: "facts" }, ...pairs.filter(([, value]) => value !== undefined && value !== null && value !== "")
    .flatMap(([name, value]) => [make("dt", {}, name), make("dd", {}, value)]));

const numbers = new Intl.NumberFormat("en-US");
const decimals = new Intl.NumberFormat("en-US", { minimumFractionDigits: 1, maximumFractionDigits: 1 });
const dollars = new Intl.NumberFormat("en-US", { style: "currency", currency: "USD" });
const collator = new Intl.Collator("en", { numeric: true });

const count = (number) => numbers.format(number);
const usd = (amount) => (amount > 0 && amount < 0.01 ? "< $0.01" : dollars.format(amount));
const builds = (number) => `${count(number)} ${number === 1 ? "build" : "builds"}`;
const share = (part, whole) => (whole ? `${decimals.format((100 * part) / whole)} % of all` : "");
const isoTime = (time) => (time === undefined ? "" : new Date(time).toISOString().slice(0, 19).replace("T", " "));

function duration(minutes) {
  if (minutes < 1) return `${Math.round(minutes * 60)} s`;
  if (minutes < 90) return `${decimals.format(minutes)} min`;
  return minutes < 6000 ? `${decimals.format(minutes / 60)} h` : `${count(Math.round(minutes / 60))} h`;
}
