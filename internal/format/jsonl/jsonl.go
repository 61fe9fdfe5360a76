// Package jsonl reads files that hold one JSON object a line.
package jsonl

import (
	"bufio"
	"bytes"
	"io"
	"iter"

	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/register"
)

// Read reads the objects line by line. Empty lines are passed over.
func Read(r io.Reader, o register.ReadOptions) iter.Seq2[register.Input, error] {
	return func(yield func(register.Input, error) bool) {
		in := bufio.NewReaderSize(r, 64<<10)
		var buf []byte
		for line := 1; ; line++ {
			b, err := readLine(in, &buf, o.File, line)
			if err != nil && err != io.EOF {
				yield(register.Input{}, err)
				return
			}
			last := err == io.EOF
			if line == 1 {
				b = bytes.TrimPrefix(b, []byte("\xef\xbb\xbf"))
			}
			if len(bytes.TrimSpace(b)) > 0 {
				row, err := parse(b, o.File, line)
				if err != nil {
					yield(register.Input{}, err)
					return
				}
				if !yield(row, nil) {
					return
				}
			}
			if last {
				return
			}
		}
	}
}

func parse(b []byte, file string, line int) (register.Input, error) {
	v, err := register.ParseJSON(file, line, b)
	if err != nil {
		return register.Input{}, err
	}
	if v.Kind == register.List && line == 1 {
		return register.Input{}, fault.At(file, line, "", "a list; expected one object a line").WithHint("name the file .json when it is one list of objects")
	}
	if v.Kind != register.Object {
		return register.Input{}, fault.At(file, line, "", "the line is no JSON object")
	}
	return register.Input{Line: line, Fields: v.Members}, nil
}

// readLine reads up to a line feed, or to the end of the file with io.EOF. The line is valid
// until the next call.
func readLine(in *bufio.Reader, buf *[]byte, file string, line int) ([]byte, error) {
	*buf = (*buf)[:0]
	for {
		part, err := in.ReadSlice('\n')
		if err == nil && len(*buf) == 0 {
			return part, nil
		}
		*buf = append(*buf, part...)
		if len(*buf) > register.MaxRow {
			return nil, fault.At(file, line, "", "the line is longer than %d bytes", register.MaxRow)
		}
		if err != bufio.ErrBufferFull {
			return *buf, err
		}
	}
}
