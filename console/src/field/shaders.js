// One point sprite per memory. Everything it shows is computed here, from its row and the time, so that a
// field of any size fades by itself: the page sends a row again only when the memory has changed.

export const vertex = `#version 300 es
layout(location = 0) in vec4 place; // x, y, last accessed, lifetime
layout(location = 1) in vec4 fate;  // end, flags, born, died
uniform vec2 center;
uniform vec2 scale;
uniform float now, size, ratio;
out float vigor, flash, gone, core;
flat out int flags;

void main() {
  flags = int(fate.y);
  float x = max(0.0, now - place.z) / place.w; // 1 is where decay reaches the threshold
  vigor = (flags & 1) == 1 ? 1.0 - 0.95 * x * x : pow(0.05, x);
  vigor = max(vigor, 0.05);
  float dusk = min(0.2 * place.w, 0.3 * (fate.x - place.z)); // the last part of a life that a ttl ends
  vigor *= clamp((fate.x - now) / max(dusk, 0.001), 0.15, 1.0);
  if ((flags & 6) != 0) vigor = max(vigor, 0.85); // pinned and crystallized do not fade
  flash = 1.0 - clamp((now - fate.z) / 1.8, 0.0, 1.0);
  gone = clamp((now - fate.w) / 1.3, 0.0, 1.0);
  float dot = size * (0.72 + 0.55 * vigor);
  if ((flags & 4) != 0) dot = max(size * 2.2, 7.5 * ratio);
  else if ((flags & 2) != 0) dot = max(size * 2.4, 8.5 * ratio);
  float whole = dot;
  if (flash > 0.0) whole = max(whole, 46.0 * ratio);
  if (gone > 0.0) whole = max(whole, dot * 1.5 + 14.0 * ratio);
  core = dot / whole;
  gl_PointSize = whole;
  gl_Position = vec4((place.xy - center) * scale, 0.0, 1.0);
}`

export const fragment = `#version 300 es
precision highp float;
in float vigor, flash, gone, core;
flat in int flags;
uniform vec3 young, old, ice, gold;
uniform float dark, still, dense;
out vec4 color;

// A hexagonal crystal seen from above: its facets, and the edges between them.
vec4 crystal(vec2 p) {
  p.x *= 1.22;
  float d = max(abs(p.x) * 0.866 + abs(p.y) * 0.5, abs(p.y));
  float inside = 1.0 - smoothstep(0.82, 0.96, d);
  float a = atan(p.y, p.x);
  float facet = floor(a / 1.0471976 + 0.5);
  float light = 0.8 + 0.26 * cos(facet * 1.0471976 - 2.2);
  float table = 1.0 - smoothstep(0.36, 0.46, d);
  return vec4(ice * mix(light, 1.2, table), inside);
}

void main() {
  vec2 p = (gl_PointCoord * 2.0 - 1.0) / core;
  float r = length(p);
  vec3 tone = mix(old, young, pow(vigor, 0.7));
  float alpha;
  if ((flags & 4) != 0) {
    vec4 c = crystal(p);
    tone = c.rgb; alpha = c.a;
  } else if ((flags & 2) != 0) {
    alpha = 1.0 - smoothstep(0.26, 0.4, r);
  } else {
    alpha = (1.0 - smoothstep(0.35, 1.0, r)) * mix(0.14, 1.0, vigor) * dense;
  }
  if ((flags & 2) != 0) {
    float ring = smoothstep(0.6, 0.72, r) * (1.0 - smoothstep(0.84, 0.97, r));
    if ((flags & 4) != 0) ring = 0.0;
    if (ring > 0.0) tone = gold;
    alpha = max(alpha, ring * 0.95);
  }
  float edge = length(gl_PointCoord * 2.0 - 1.0);
  if (gone > 0.0) { // dissolves: the core thins out while a faint shell widens
    float shell = 1.0 - smoothstep(0.0, 0.14, abs(edge - mix(0.3, 0.92, gone)));
    alpha = max(alpha * (1.0 - gone), shell * 0.5 * (1.0 - gone) * (1.0 - still));
  } else if (flash > 0.0) {
    float ring = 1.0 - smoothstep(0.0, 0.07, abs(edge - mix(0.92, 0.12, flash * flash)));
    float glow = ring * flash * (1.0 - still);
    tone = mix(tone, gold, step(alpha, glow));
    alpha = max(alpha, glow);
  }
  if (alpha < 0.01) discard;
  color = vec4(tone * alpha, alpha * mix(1.0, 0.6, dark)); // on dark ground light adds up
}`
