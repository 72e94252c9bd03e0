// The legend of the field's marks.

export function Legend() {
  return (
    <div class="legend" role="group" aria-label="Legend">
      <div><span class="fading" aria-hidden="true"><i /><i /><i /><i /><i /></span><span>strong is fresh, faint is about to fade</span></div>
      <div>
        <svg viewBox="0 0 20 20" width="16" height="16" aria-hidden="true">
          <path class="facet" d="M10 1.500l6.500 4.250v8.500L10 18.500l-6.500-4.250v-8.500z" /><path class="table" d="M10 6l3 2v4l-3 2-3-2V8z" />
        </svg>
        <span>crystallized: only a ttl ends it</span>
      </div>
      <div>
        <svg viewBox="0 0 20 20" width="16" height="16" aria-hidden="true"><circle class="ring" cx="10" cy="10" r="7.500" /><circle class="dot" cx="10" cy="10" r="2.500" /></svg>
        <span>pinned: only a ttl ends it</span>
      </div>
    </div>
  )
}
