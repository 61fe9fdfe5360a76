module github.com/assayhq/assay/verify

go 1.26.0

require (
	github.com/digitorus/pkcs7 v0.0.0-20250730155240-ffadbf3f398c
	golang.org/x/mod v0.42.0
)
