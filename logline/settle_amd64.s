#include "go_asm.h"
#include "textflag.h"

// func settleAlike(s *settler, base unsafe.Pointer, start int, ends *uint32, count int, low, high uint32) (n int, least, greatest uint32)
//
// Time, facility, host and program of a line are compared 32 bytes each, and the differences joined: one branch decides.
TEXT ·settleAlike(SB), NOSPLIT, $0-64
	MOVQ s+0(FP), BX
	MOVQ base+8(FP), R8
	MOVQ start+16(FP), DI
	MOVQ ends+24(FP), SI
	MOVQ count+32(FP), CX
	MOVL low+40(FP), R12
	MOVL high+44(FP), R13
	MOVQ settler_length(BX), R9
	MOVQ (settler_name+word_length)(BX), R10
	MOVQ $0x9e3779b97f4a7c15, R11                      // as in place
	VMOVDQU (settler_stamp+pattern_word)(BX), Y8
	VMOVDQU (settler_stamp+pattern_mask)(BX), Y9
	VMOVDQU (settler_name+word_head+pattern_word)(BX), Y10
	VMOVDQU (settler_name+word_head+pattern_mask)(BX), Y11
	TESTQ CX, CX
	JZ    done

loop:
	MOVL (SI), AX
	SUBQ DI, AX
	CMPQ AX, $const_MaxLine
	JHI  done
	LEAQ (R8)(DI*1), DX
	VPXOR (DX), Y8, Y0
	VPAND Y9, Y0, Y0
	ADDQ  R9, DX
	MOVL  -4(DX), AX                                   // the digits of the fraction and the space behind them

	MOVQ  (DX), R14
	IMULQ R11, R14
	SHRQ  $56, R14
	IMUL3Q $word__size, R14, R14
	LEAQ  settler_facilities(BX)(R14*1), R14
	VMOVDQU (DX), Y1
	VPXOR (word_head+pattern_word)(R14), Y1, Y1
	VPAND (word_head+pattern_mask)(R14), Y1, Y1
	VPOR  Y1, Y0, Y0
	ADDQ  word_length(R14), DX

	VPXOR (DX), Y10, Y2
	VPAND Y11, Y2, Y2
	VPOR  Y2, Y0, Y0
	ADDQ  R10, DX

	MOVL  (DX), R15
	IMULQ R11, R15
	SHRQ  $56, R15
	IMUL3Q $word__size, R15, R15
	LEAQ  settler_programs(BX)(R15*1), R15
	VMOVDQU (DX), Y3
	VPXOR (word_head+pattern_word)(R15), Y3, Y3
	VPAND (word_head+pattern_mask)(R15), Y3, Y3
	VPOR  Y3, Y0, Y0
	VPTEST Y0, Y0
	JNZ   done
	MOVQ  word_fits(R14), R14
	ANDQ  word_fits(R15), R14
	JZ    done

	MOVL AX, R15                                       // as notThreeDigits
	XORL $0x20303030, R15
	ANDL $0xfff0f0f0, R15
	MOVL AX, DX
	ANDL $0x000f0f0f, DX
	ADDL $0x00060606, DX
	ANDL $0x00f0f0f0, DX
	ORL  DX, R15
	TESTL R15, settler_fraction(BX)
	JNZ  done

	BSWAPL AX
	SHRL $8, AX
	CMPL AX, R12
	CMOVLCS AX, R12
	CMPL AX, R13
	CMOVLHI AX, R13
	MOVL (SI), DI
	INCQ DI
	ADDQ $4, SI
	DECQ CX
	JNZ  loop

done:
	MOVQ count+32(FP), AX
	SUBQ CX, AX
	MOVQ AX, n+48(FP)
	MOVL R12, least+56(FP)
	MOVL R13, greatest+60(FP)
	VZEROUPPER
	RET
