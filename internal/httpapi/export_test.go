package httpapi

import "slices"

// Routes gives the query parameters of each route, by method and path.
func Routes() map[string][]string {
	all := map[string][]string{}
	for _, rt := range routes() {
		params := append([]string{}, rt.params...)
		slices.Sort(params)
		all[rt.method+" "+rt.path] = params
	}
	return all
}
