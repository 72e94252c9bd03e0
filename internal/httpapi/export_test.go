package httpapi

import "slices"

// Routes returns the query parameters of each route, by method and path.
func Routes() map[string][]string {
	all := map[string][]string{}
	for _, rt := range routes() {
		params := append([]string{}, rt.params...)
		slices.Sort(params)
		all[rt.method+" "+rt.path] = params
	}
	return all
}

// Held returns the number of bytes that requests hold.
func (a *API) Held() int64 {
	a.memory.mu.Lock()
	defer a.memory.mu.Unlock()
	return a.memory.held
}
