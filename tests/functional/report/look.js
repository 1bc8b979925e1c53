// Copyright: (c) 2026, the vcd.kubernetes authors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later
// Visual defects of the page in its current layout: texts over each other, texts that are cut off or cross the border
// of a box, texts with too little contrast, and how many pixels the page is too wide.
(() => {
  const texts = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const parent = node.parentElement;
    if (!node.data.trim() || parent.closest('title, desc, style, script')) continue;
    const head = parent.closest('thead'); // on a phone it exists only for screen readers
    if (head && getComputedStyle(head).position === 'absolute') continue;
    const range = document.createRange();
    range.selectNodeContents(node);
    for (const box of range.getClientRects()) {
      if (box.width > 0.5) texts.push({box, parent, text: node.data.trim().slice(0, 60)});
    }
  }
  const over = (a, b, slack) =>
    Math.min(a.right, b.right) - Math.max(a.left, b.left) > slack &&
    Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > slack;
  const inside = (a, b) =>
    a.left >= b.left - 1 && a.right <= b.right + 1 && a.top >= b.top - 1.5 && a.bottom <= b.bottom + 1.5;
  const overlaps = [];
  const sorted = [...texts].sort((a, b) => a.box.top - b.box.top);
  sorted.forEach((one, at) => {
    for (let next = at + 1; next < sorted.length && sorted[next].box.top < one.box.bottom; next++) {
      if (over(one.box, sorted[next].box, 1.5)) overlaps.push([one.text, sorted[next].text]);
    }
  });
  const cut = [];
  for (const {box, parent, text} of texts) {
    const svg = parent.closest('svg');
    if (svg && !inside(box, svg.getBoundingClientRect())) cut.push(['outside its drawing', text]);
    for (const rect of svg ? svg.querySelectorAll('rect') : []) {
      const border = rect.getBoundingClientRect();
      if (over(box, border, 1) && !inside(box, border)) cut.push(['across a border', text]);
    }
    if (!svg && (box.left < -1 || box.right > document.documentElement.clientWidth + 1)) cut.push(['off the page', text]);
  }
  const parts = (colour) => colour.match(/[\d.]+/g).map(Number);
  const light = (colour) => {
    const [r, g, b] = parts(colour).slice(0, 3).map((one) => {
      const part = one / 255;
      return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = (box, parent) => {
    const svg = parent.closest('svg');
    const under = [...(svg ? svg.querySelectorAll('rect') : [])].filter((one) => over(box, one.getBoundingClientRect(), 1));
    if (under.length) return getComputedStyle(under[under.length - 1]).fill;
    for (let one = svg ? svg.parentElement : parent; one; one = one.parentElement) {
      const colour = getComputedStyle(one).backgroundColor;
      if (parts(colour)[3] !== 0) return colour;
    }
    return 'rgb(255, 255, 255)';
  };
  const faint = [];
  for (const {box, parent, text} of texts) {
    const style = getComputedStyle(parent);
    const [a, b] = [light(parent.closest('svg') ? style.fill : style.color), light(behind(box, parent))];
    const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (contrast < 4.5) faint.push([text, contrast.toFixed(2)]);
  }
  const wide = Math.max(0, document.documentElement.scrollWidth - document.documentElement.clientWidth);
  return {texts: texts.length, overlaps: overlaps.slice(0, 9), cut: cut.slice(0, 9), faint: faint.slice(0, 9), wide};
})()
