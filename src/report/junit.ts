/** The gate's verdict as JUnit XML, which CI systems show: a test case a network. */
import type { Verdict } from "./gate.js";

/** Ends with a newline. */
export function junit({ expression, networks }: Verdict): string {
  const failures = networks.filter(({ holds }) => holds).length;
  const cases = networks.map(({ network, holds, details }) => {
    const open = `    <testcase classname="compare" name="${escaped(network)}"`;
    if (!holds) return `${open}/>`;
    const message = escaped(`${expression} holds`);
    return `${open}>\n      <failure message="${message}">${escaped(details.join("\n"))}</failure>\n    </testcase>`;
  });
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites tests="${networks.length}" failures="${failures}">`,
    `  <testsuite name="${escaped(`compare --fail-if ${expression}`)}" tests="${networks.length}" failures="${failures}" errors="0">`,
    ...cases,
    "  </testsuite>",
    "</testsuites>",
    "",
  ].join("\n");
}

/** Control characters have no place in XML 1.0 at all, not even escaped. */
function escaped(text: string): string {
  return text
    .replace(/[^\t\n\r\x20-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, "�")
    .replace(/[&<>"]/g, (symbol) => `&#${symbol.charCodeAt(0)};`);
}
