//go:build !linux && !darwin

package cli

import "errors"

func spaceOf(string) (space, error) { return space{}, errors.ErrUnsupported }
