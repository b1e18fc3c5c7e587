import assert from "node:assert/strict";
import { test } from "node:test";
import { parseXml, type XmlElement } from "./parse-xml.ts";
import { Undecodable } from "./undecodable.ts";

const parse = (text: string) => parseXml(new TextEncoder().encode(text));

/** `name{attribute=value}(children)text` */
function show({ name, attributes, children, text }: XmlElement): string {
  const pairs = [...attributes].map(([key, value]) => `${key}=${value}`).join(",");
  return `${name}${pairs && `{${pairs}}`}${children.length > 0 ? `(${children.map(show).join(" ")})` : ""}${text}`;
}

for (const [xml, expected] of [
  ["<a/>", "a"],
  ["\ufeff<a>1</a>", "a1"],
  ['<?xml version="1.0"?>\n<!-- c --><a>1</a>\n', "a1"],
  ["<a><b>1</b><b>2</b></a>", "a(b1 b2)"],
  ["<a> x <b/> y </a>", "a(b) x  y "],
  ["<a>&lt;&gt;&amp;&quot;&apos;&#65;&#x42;&#x1F600;</a>", "a<>&\"'AB😀"],
  ["<a><![CDATA[<b>&amp;]]></a>", "a<b>&amp;"],
  ["<a>1\r\n2\r3&#xD;</a>", "a1\n2\n3\r"],
  ['<s:a xmlns:s="u" xmlns="v"><s:b s:c="1" d=\'2"\' /></s:a>', 'a(b{c=1,d=2"})'],
  ["<a\n  b = '>'\n>x</a >", "a{b=>}x"],
  ["<__proto__><constructor>1</constructor></__proto__>", "__proto__(constructor1)"],
  ["<é.-·>1</é.-·>", "é.-·1"],
] as const) {
  test(`reads ${xml}`, () => assert.equal(show(parse(xml)), expected));
}

for (const [what, xml] of [
  ["nothing", ""],
  ["text alone", "a"],
  ["two roots", "<a/><b/>"],
  ["text behind the root", "<a/>b"],
  ["crossed tags", "<a><b></a></b>"],
  ["an open root", "<a>"],
  ["a close too many", "<a/></a>"],
  ["an attribute without quotes", "<a b=c/>"],
  ["an attribute without value", "<a b/>"],
  ["attributes side by side", '<a b="1"c="2"/>'],
  ["an unknown entity", "<a>&x;</a>"],
  ["a bare ampersand", "<a>& </a>"],
  ["a character that is none", "<a>&#x110000;</a>"],
  ["a null character", "<a>&#0;</a>"],
  ["a document type", "<!DOCTYPE a [<!ENTITY x 'y'>]><a>&x;</a>"],
  ["an open comment", "<a><!-- </a>"],
  ["CDATA outside", "<![CDATA[a]]><a/>"],
  ["too deep", "<a>".repeat(100) + "</a>".repeat(100)],
  ["too deep, with tags that look empty", `${'<a x="/>">'.repeat(100)}${"</a>".repeat(100)}`],
  ["too many attributes", `<a ${Array.from({ length: 100 }, (_, i) => `a${i}=""`).join(" ")}/>`],
] as const) {
  test(`refuses ${what}`, () => assert.throws(() => parse(xml), Undecodable));
}

test("refuses what is no UTF-8", () => {
  assert.throws(() => parseXml(Uint8Array.of(0x3c, 0x61, 0x3e, 0xff, 0x3c, 0x2f, 0x61, 0x3e)), Undecodable);
});
