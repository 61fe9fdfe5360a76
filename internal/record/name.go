package record

import "strconv"

// Name joins register, key and version as findings name a record.
func Name(register, key string, version int) string {
	return register + "/" + key + "@" + strconv.Itoa(version)
}
